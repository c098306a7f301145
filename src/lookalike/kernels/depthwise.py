"""The loops of a depthwise convolution, in which the channels do not mix.

The channels of a pixel lie side by side, and with a stride of one so do the pixels of
neighbouring windows: the inner loops go along such runs, as long as there are.
"""

from lookalike.kernels.compiled import njit


@njit(cache=True, nogil=True)
def weigh_channels(images, weights, out, stride, channels, start, stop):
    """Add the weighted windows of images[start:stop] to ``out``.

    images : (n, rows, columns * channels)
    weights : (height, width, run), of each channel and again for each pixel of a run:
        a run is a row of ``out`` where the stride is one, otherwise a pixel
    out : (n, out_rows, out_columns * channels), added to
    stride : steps between windows, the same in both directions

    Every window lies inside the image. Cost: O(out.size * height * width).
    """
    run = weights.shape[2]
    for n in range(start, stop):
        for r in range(out.shape[1]):
            for i in range(weights.shape[0]):
                row = images[n, r * stride + i]
                for j in range(weights.shape[1]):
                    weight = weights[i, j]
                    for s in range(0, out.shape[2], run):
                        first = s * stride + j * channels
                        values, sums = row[first : first + run], out[n, r, s : s + run]
                        for k in range(sums.size):
                            sums[k] += weight[k] * values[k]


@njit(cache=True, nogil=True)
def weigh_channels_back(
    images, weights, gradients, slopes, back, stride, channels, start, stop
):
    """Add to the gradients in the weights and in the images: the adjoint.

    images, weights, stride, channels : as in ``weigh_channels``
    gradients : the shape of ``out`` there
    slopes : the shape of ``weights``, added to
    back : the shape of ``images``, added to
    """
    run = weights.shape[2]
    for n in range(start, stop):
        for r in range(gradients.shape[1]):
            for i in range(weights.shape[0]):
                row, target_row = images[n, r * stride + i], back[n, r * stride + i]
                for j in range(weights.shape[1]):
                    weight, slope = weights[i, j], slopes[i, j]
                    for s in range(0, gradients.shape[2], run):
                        first = s * stride + j * channels
                        gradient = gradients[n, r, s : s + run]
                        values = row[first : first + run]
                        target = target_row[first : first + run]
                        for k in range(gradient.size):
                            slope[k] += gradient[k] * values[k]
                        for k in range(gradient.size):
                            target[k] += gradient[k] * weight[k]
