"""What fails says one sentence and leaves with a status that is not 0."""

import os

from _case import check, end, folder, lookalike, within
from _serve import digits, image_system

within(150)
with folder() as root:
    where, _, _ = digits(root)
    images = image_system(root / "images")
    absent = "postgresql://nobody@127.0.0.1:9/nothing"
    os.environ["LOOKALIKE_DATA"] = str(root / "no-data")
    tries = {
        "bench neighbors, no data": ("bench", "neighbors"),
        "serve, nothing trained": ("serve", "--port", "0", "--state", root / "s1"),
        "serve, a database that is not there": ("serve", where, "--port", "0", "--state", root / "s2", "--database", absent),
        "the same, two workers": ("serve", where, "--port", "0", "--workers", "2", "--state", root / "s3", "--database", absent),
        "compact, a database that is not there": ("compact", "--system", where, "--state", root / "s4", "--database", absent),
        "compact, of pictures": ("compact", "--system", images, "--state", root / "s5"),
        "reembed of pictures": ("reembed", "0001", "--system", images, "--state", root / "s7"),
        "export, a database that is not there": ("export", "events", root / "x.parquet", "--system", where, "--state", root / "s6", "--database", absent),
        "index learn, a database that is not there": ("index", "learn", absent, "--folder", images),
    }
    for what, arguments in tries.items():
        try:
            status, out, err = lookalike(*arguments, seconds=40)
        except Exception as error:  # noqa: BLE001  it went on, say
            check(what, False, "a sentence, status not 0", type(error).__name__)
            continue
        lines = [line for line in (out + err).splitlines() if line.strip()]
        came = f"status {status}, {len(lines)} lines, the last: {lines[-1][:120] if lines else '-'}"
        traced = any("Traceback" in line for line in lines)
        check(what, status != 0 and not traced and len(lines) <= 6, "status not 0, a few lines, no traceback", came)
end()
