#pragma once

#include <c10/core/Device.h>

#include <map>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

namespace ctorch {

// Kernels in CUDA C++. They are compiled for a device when they are first launched there, by the compiler that libtorch
// brings (NVRTC): the build needs no CUDA.
class DeviceProgram {
 public:
  // The kernels have C linkage, and the source includes no headers.
  explicit DeviceProgram(std::string source) : source_(std::move(source)) {}

  struct Grid {
    unsigned columns, rows;  // blocks
    unsigned threads;        // of a block
  };

  // Launches a kernel on the current stream of `device`, which must be the current device. `arguments` are pointers to
  // the kernel's arguments. Throws c10::Error.
  void launch(const std::string &kernel, c10::Device device, Grid grid, std::vector<void *> arguments);

 private:
  void *function(const std::string &kernel, c10::Device device);

  const std::string source_;
  std::mutex mutex_;
  std::map<int, void *> modules_;  // by the index of the device
  std::map<std::pair<int, std::string>, void *> functions_;
};

}  // namespace ctorch
