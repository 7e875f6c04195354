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

// The flow from `first` to `second`, both uint8 RGB [height, width, 3] without gaps: the content at (x, y) in the first
// picture is at (x + u[y, x], y + v[y, x]) in the second. `u` and `v` are float32 [height, width], in pixels.
//
// Returns 0 on success and never throws. On failure, the flow is undefined, and `message` (of `message_size` bytes, more
// than 0) contains the reason in UTF-8, terminated by a zero.
int cof_dis_flow(const uint8_t *first, const uint8_t *second, int width, int height, float *u,
                 float *v, char *message, size_t message_size);

#ifdef __cplusplus
}
#endif
#endif
