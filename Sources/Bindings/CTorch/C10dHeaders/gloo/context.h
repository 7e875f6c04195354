// The names of Gloo that c10d's ProcessGroupGloo.hpp uses. Gloo itself is inside libtorch, whose packages leave its
// headers out. Nothing here is implemented, derived from or looked into: c10d holds these types behind pointers.
#pragma once

#include <chrono>

namespace gloo {

namespace transport {
class Device;
class UnboundBuffer {
 public:
  virtual ~UnboundBuffer();
};
}  // namespace transport

class Context {
 public:
  void setTimeout(std::chrono::milliseconds timeout);
};

}  // namespace gloo
