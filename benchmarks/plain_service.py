"""The plainest service one would write in an afternoon: FastAPI, Pillow and faiss.

It loads a generation's vectors and its linear map, and answers one route. No database,
no limits, no metrics, no second generation: what `lookalike serve` is measured beside.

    GENERATION=runs/demo/0001 uvicorn plain_service:app
"""

import io
import os
from pathlib import Path

import faiss
import numpy as np
from fastapi import FastAPI, UploadFile
from PIL import Image

folder = Path(os.environ["GENERATION"])
matrix = np.load(folder / "matrix.npy")
offset = np.load(folder / "offset.npy")
labels = np.load(folder / "labels.npy")
vectors = np.load(folder / "vectors.npy")
index = faiss.IndexFlatL2(vectors.shape[1])
index.add(vectors)
faiss.omp_set_num_threads(int(os.environ.get("FAISS_THREADS", "1")))
app = FastAPI()


@app.post("/search")
async def search(image: list[UploadFile], k: int = 10):
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
