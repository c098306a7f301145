"""A linear map of images: an image's output does not depend on the batch."""

from lookalike.kernels.compiled import njit


@njit(cache=True, nogil=True)
def map_images(images, matrix, offset, first, last, vectors):
    """``vectors[i] = images[i] @ matrix - offset`` for rows ``first`` to ``last - 1``.

    images  : uint8 (n_images, n_pixels), C-contiguous
    matrix  : float64 (n_pixels, n_dimensions), C-contiguous, finite
    offset  : float64 (n_dimensions,)
    vectors : out, float64 (n_images, n_dimensions)

    A pixel of 0 is skipped: the cost is n_dimensions multiply-adds for each other
    pixel. Pixels are added in their order, one image at a time: a product of
    matrices would round in an order that depends on the size of the batch.
    """
    for i in range(first, last):
        for d in range(matrix.shape[1]):
            vectors[i, d] = -offset[d]
        for j in range(matrix.shape[0]):
            pixel = images[i, j]
            if pixel != 0:
                for d in range(matrix.shape[1]):
                    vectors[i, d] += pixel * matrix[j, d]
