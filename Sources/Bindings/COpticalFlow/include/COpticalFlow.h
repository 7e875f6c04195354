// The C ABI over OpenCV's dense optical flow by inverse search (DIS).
#ifndef COPTICALFLOW_H
#define COPTICALFLOW_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

// The version of OpenCV, such as "4.6.0".
const char *cof_opencv_version(void);

// The flow from the picture `first` to `second`, both uint8 RGB [height, width, 3] without gaps: what is at (x, y) in
// the first is at (x + u[y, x], y + v[y, x]) in the second. `u` and `v` are float32 [height, width], in pixels.
//
// Returns 0. Nothing throws: on failure it is not 0, the flow is undefined, and `message` (of `message_size` bytes,
// more than 0) says why in UTF-8 that ends with a zero.
int cof_dis_flow(const uint8_t *first, const uint8_t *second, int width, int height, float *u,
                 float *v, char *message, size_t message_size);

#ifdef __cplusplus
}
#endif
#endif
