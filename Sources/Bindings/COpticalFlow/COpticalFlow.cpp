#include "COpticalFlow.h"

#include <cstdio>
#include <exception>
#include <opencv2/core.hpp>
#include <opencv2/core/version.hpp>
#include <opencv2/imgproc.hpp>
#include <opencv2/video/tracking.hpp>

namespace {

// Callers have their own threads, with which OpenCV's would compete.
void stay_on_one_thread() {
  static const bool once = (cv::setNumThreads(1), true);
  (void)once;
}

cv::Mat gray(const uint8_t *pixels, int width, int height) {
  // OpenCV has no const matrices, but only reads this one.
  const cv::Mat rgb(height, width, CV_8UC3, const_cast<uint8_t *>(pixels));
  cv::Mat gray;
  cv::cvtColor(rgb, gray, cv::COLOR_RGB2GRAY);
  return gray;
}

// Runs `body`. An exception becomes the result 1 and a message.
template <typename Body>
int guarded(Body &&body, char *message, size_t size) noexcept {
  try {
    body();
    return 0;
  } catch (const cv::Exception &error) {
    std::snprintf(message, size, "%s", error.err.c_str());
  } catch (const std::exception &error) {
    std::snprintf(message, size, "%s", error.what());
  } catch (...) {
    std::snprintf(message, size, "an unknown C++ exception");
  }
  return 1;
}

}  // namespace

const char *cof_opencv_version(void) { return CV_VERSION; }

int cof_dis_flow(const uint8_t *first, const uint8_t *second, int width, int height, float *u,
                 float *v, char *message, size_t message_size) {
  return guarded(
      [&] {
        stay_on_one_thread();
        auto method = cv::DISOpticalFlow::create(cv::DISOpticalFlow::PRESET_MEDIUM);
        // The preset would stop at half the size, but clips for networks are small, and slow motions are fractions of a
        // pixel.
        method->setFinestScale(0);
        cv::Mat flow;
        method->calc(gray(first, width, height), gray(second, width, height), flow);
        cv::Mat parts[] = {cv::Mat(height, width, CV_32F, u), cv::Mat(height, width, CV_32F, v)};
        cv::split(flow, parts);
      },
      message, message_size);
}
