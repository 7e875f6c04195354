// What the sources of this target share: errors of the C ABI, and handles of tensors.
#ifndef CTORCH_HANDLES_H
#define CTORCH_HANDLES_H

#include "CTorch.h"

#include <ATen/core/TensorBase.h>
#include <ATen/core/Tensor.h>

#include <atomic>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <new>

namespace ctorch {

using TensorPointer = c10::intrusive_ptr<c10::TensorImpl, c10::UndefinedTensorImpl>;

inline std::atomic<int64_t> live_handles{0};

// --- Errors --------------------------------------------------------------------------------------

inline ct_error *make_error(ct_error_kind kind, const char *message) noexcept {
  auto *error = static_cast<ct_error *>(std::malloc(sizeof(ct_error)));
  char *text = error == nullptr ? nullptr : strdup(message);
  if (text == nullptr) std::abort();  // not even a few bytes are left
  *error = {kind, text};
  return error;
}

inline ct_error_kind kind_of(const c10::Error &error) {
  if (dynamic_cast<const c10::OutOfMemoryError *>(&error)) return CT_ERROR_OUT_OF_MEMORY;
  if (dynamic_cast<const c10::NotImplementedError *>(&error)) return CT_ERROR_NOT_IMPLEMENTED;
  if (dynamic_cast<const c10::IndexError *>(&error)) return CT_ERROR_INDEX;
  if (dynamic_cast<const c10::TypeError *>(&error)) return CT_ERROR_TYPE;
  if (dynamic_cast<const c10::ValueError *>(&error)) return CT_ERROR_VALUE;
  if (dynamic_cast<const c10::LinAlgError *>(&error)) return CT_ERROR_LINALG;
  if (dynamic_cast<const c10::DistError *>(&error)) return CT_ERROR_PEER;
  // The CPU's allocator refuses with a plain c10::Error.
  if (std::strstr(error.what_without_backtrace(), "DefaultCPUAllocator")) {
    return CT_ERROR_OUT_OF_MEMORY;
  }
  return CT_ERROR_LIBTORCH;
}

// Runs `body`; whatever it throws becomes the returned error.
template <typename Body>
ct_error *guarded(Body &&body) noexcept {
  try {
    body();
    return nullptr;
  } catch (const c10::Error &error) {
    return make_error(kind_of(error), error.what_without_backtrace());
  } catch (const std::bad_alloc &) {
    return make_error(CT_ERROR_OUT_OF_MEMORY, "out of memory");
  } catch (const std::exception &error) {
    // Gloo throws types of its own, and names its file.
    return make_error(std::strstr(error.what(), "gloo/") ? CT_ERROR_PEER : CT_ERROR_OTHER, error.what());
  } catch (...) {
    return make_error(CT_ERROR_OTHER, "an unknown C++ exception");
  }
}

// --- Handles -------------------------------------------------------------------------------------

inline c10::TensorImpl *impl_of(ct_tensor handle) { return reinterpret_cast<c10::TensorImpl *>(handle); }

// A tensor that shares the handle's TensorImpl and takes a reference of its own.
inline at::Tensor borrow(ct_tensor handle) {
  if (handle == nullptr) return {};
  return at::Tensor(TensorPointer::reclaim_copy(impl_of(handle)));
}

// Moves the tensor's reference into a handle; an undefined tensor is NULL.
inline ct_tensor give(at::Tensor tensor) {
  if (!tensor.defined()) return nullptr;
  live_handles.fetch_add(1, std::memory_order_relaxed);
  return reinterpret_cast<ct_tensor>(tensor.unsafeReleaseTensorImpl());
}

// --- Devices -------------------------------------------------------------------------------------

static_assert(CT_DEVICE_CPU == static_cast<int>(c10::DeviceType::CPU));
static_assert(CT_DEVICE_CUDA == static_cast<int>(c10::DeviceType::CUDA));
static_assert(CT_DEVICE_META == static_cast<int>(c10::DeviceType::Meta));

inline c10::Device device_of(ct_device device) {
  TORCH_CHECK(-1 <= device.index && device.index <= std::numeric_limits<c10::DeviceIndex>::max(),
              "a device's number cannot be ", device.index);
  return {static_cast<c10::DeviceType>(device.type), static_cast<c10::DeviceIndex>(device.index)};
}

}  // namespace ctorch

#endif
