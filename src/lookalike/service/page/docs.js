// The interface, drawn from the OpenAPI document of this very process.
import { element } from "./draw.js";

const shown = await (await fetch("openapi.json")).json(), box = document.getElementById("routes");

function example(schema, depth = 0) {
  if (!schema || depth > 5) return null;
  if (schema.$ref) return example(shown.components.schemas[schema.$ref.split("/").at(-1)], depth + 1);
  if (schema.default != null) return schema.default;
  if (schema.anyOf) return example(schema.anyOf[0], depth);
  if (schema.type === "object") {  // what must be there, or one input where there may be several
    const names = schema.required || Object.keys(schema.properties || {}).filter((name) => ["image", "text", "user", "base64"].includes(name));
    return Object.fromEntries(names.map((name) => [name, example(schema.properties[name], depth + 1)]));
  }
  if (schema.type === "array") return [example(schema.items, depth + 1)];
  return { string: schema.format || "text", integer: schema.minimum ?? 0, number: 0, boolean: true }[schema.type] ?? null;
}

let group = "";
for (const [path, methods] of Object.entries(shown.paths)) {
  const [, version, name] = path.split("/");
  if (version === "v1" && name !== group) box.append(element("h2", {}, group = name));
  for (const [method, about] of Object.entries(methods)) {
    const row = element("div", { class: "route" }, element("span", { class: "method" }, method.toUpperCase()), element("code", {}, path), element("div", { class: "quiet" }, about.description || about.summary || ""));
    const content = about.requestBody?.content || {};
    if (content["application/json"]) row.append(element("pre", {}, JSON.stringify(example(content["application/json"].schema), null, 1)));
    const others = Object.keys(content).filter((kind) => kind !== "application/json");
    if (others.length) row.append(element("div", { class: "quiet" }, `or as ${others.join(", ")}`));
    box.append(row);
  }
}
