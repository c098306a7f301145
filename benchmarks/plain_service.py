"""A minimal service of FastAPI, Pillow and faiss, the peer of ``lookalike serve``.

It loads a generation's vectors and its linear map, and answers one route. It has no
database, limits, metrics or second generation.

    GENERATION=runs/demo/0001 uvicorn plain_service:app
"""

import io
import os
from pathlib import Path
from typing import Any

import faiss
import numpy as np
from fastapi import FastAPI, UploadFile
from PIL import Image

folder = Path(os.environ["GENERATION"])
matrix = np.load(folder / "embedding_matrix.npy")
offset = np.load(folder / "embedding_offset.npy")
labels = np.load(folder / "labels.npy")
vectors = np.load(folder / "vectors.npy")
index = faiss.IndexFlatL2(vectors.shape[1])
index.add(vectors)
faiss.omp_set_num_threads(int(os.environ.get("FAISS_THREADS", "1")))
app = FastAPI()


@app.post("/search")
async def search(image: list[UploadFile], k: int = 10) -> dict[str, Any]:
    """Find the k known images most like each image."""
    read = [
        np.asarray(Image.open(io.BytesIO(await f.read())).convert("L")) for f in image
    ]
    pixels = np.stack(read).reshape(len(read), -1)
    queries = (pixels @ matrix - offset).astype(np.float32)
    distances, rows = index.search(queries, k)
    return {
        "answers": [
            {
                "hits": [
                    {"id": int(r), "label": int(labels[r]), "distance": float(d) ** 0.5}
                    for r, d in zip(row, away, strict=True)
                ]
            }
            for row, away in zip(rows, distances, strict=True)
        ]
    }
