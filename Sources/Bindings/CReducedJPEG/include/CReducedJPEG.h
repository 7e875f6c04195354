#ifndef CREDUCEDJPEG_H
#define CREDUCEDJPEG_H

#include <stddef.h>
#include <stdint.h>

/// Decodes a JPEG of `full_width` x `full_height` pixels at 1/2, 1/4 or 1/8 of its size (`divisor`), and scales that to RGB of
/// `width` x `height` pixels. Each of these is the mean of the reduced pixels, weighted by what a triangle has of each: that
/// of a bilinear filter with antialiasing, whose half width is the distance between two results.
///
/// A reduced pixel is the mean of a square of pixels, which libjpeg-turbo computes from the coefficients of a block. Returns 0 if
/// the picture has another size, if memory is exhausted, or if libjpeg reports anything unusual.
int crj_decode(const uint8_t *bytes, size_t count, int divisor, int full_width, int full_height, uint8_t *pixels, int width,
               int height);

#endif
