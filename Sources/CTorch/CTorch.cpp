#include "CTorch.h"

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>
#include <ATen/Parallel.h>
#include <ATen/Version.h>
#include <ATen/autocast_mode.h>
#include <ATen/core/dispatch/Dispatcher.h>
#include <ATen/detail/CUDAHooksInterface.h>
#include <c10/core/CachingDeviceAllocator.h>
#include <c10/core/GradMode.h>
#include <torch/csrc/autograd/autograd.h>
#include <torch/headeronly/version.h>

#include <atomic>
#include <cstring>
#include <limits>
#include <mutex>
#include <string>
#include <unordered_map>

#ifdef __GLIBC__
#include <malloc.h>
#endif

namespace {

using TensorPointer = c10::intrusive_ptr<c10::TensorImpl, c10::UndefinedTensorImpl>;

std::atomic<int64_t> live_handles{0};

// --- Errors --------------------------------------------------------------------------------------

ct_error *make_error(ct_error_kind kind, const char *message) noexcept {
  auto *error = static_cast<ct_error *>(std::malloc(sizeof(ct_error)));
  char *text = error == nullptr ? nullptr : strdup(message);
  if (text == nullptr) std::abort();  // not even a few bytes are left
  *error = {kind, text};
  return error;
}

ct_error_kind kind_of(const c10::Error &error) {
  if (dynamic_cast<const c10::OutOfMemoryError *>(&error)) return CT_ERROR_OUT_OF_MEMORY;
  if (dynamic_cast<const c10::NotImplementedError *>(&error)) return CT_ERROR_NOT_IMPLEMENTED;
  if (dynamic_cast<const c10::IndexError *>(&error)) return CT_ERROR_INDEX;
  if (dynamic_cast<const c10::TypeError *>(&error)) return CT_ERROR_TYPE;
  if (dynamic_cast<const c10::ValueError *>(&error)) return CT_ERROR_VALUE;
  if (dynamic_cast<const c10::LinAlgError *>(&error)) return CT_ERROR_LINALG;
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
    return make_error(CT_ERROR_OTHER, error.what());
  } catch (...) {
    return make_error(CT_ERROR_OTHER, "an unknown C++ exception");
  }
}

// --- Handles -------------------------------------------------------------------------------------

c10::TensorImpl *impl_of(ct_tensor handle) { return reinterpret_cast<c10::TensorImpl *>(handle); }

// A tensor that shares the handle's TensorImpl and takes a reference of its own.
at::Tensor borrow(ct_tensor handle) {
  if (handle == nullptr) return {};
  return at::Tensor(TensorPointer::reclaim_copy(impl_of(handle)));
}

// Moves the tensor's reference into a handle; an undefined tensor is NULL.
ct_tensor give(at::Tensor tensor) {
  if (!tensor.defined()) return nullptr;
  live_handles.fetch_add(1, std::memory_order_relaxed);
  return reinterpret_cast<ct_tensor>(tensor.unsafeReleaseTensorImpl());
}

// --- Values --------------------------------------------------------------------------------------

// What the calling thread draws from on the CPU since it seeded; undefined before. Libtorch's own generator is
// the process's: threads that seed and draw at once would take each other's numbers.
thread_local at::Generator own_generator;

template <typename Element>
c10::List<Element> list_of(const ct_value &value) {
  const auto *elements = static_cast<const Element *>(value.as.list);
  c10::List<Element> list;
  list.reserve(value.count);
  for (int64_t index = 0; index < value.count; index++) list.push_back(elements[index]);
  return list;
}

c10::IValue to_ivalue(const ct_value &value) {
  switch (value.tag) {
    case CT_NONE:
      return {};
    case CT_TENSOR:
      return value.as.tensor == nullptr ? c10::IValue() : c10::IValue(borrow(value.as.tensor));
    case CT_INT:
      return value.as.integer;
    case CT_DOUBLE:
      return value.as.real;
    case CT_BOOL:
      return value.as.boolean;
    case CT_STRING:
      return std::string(value.as.string);
    case CT_DEVICE:
      return c10::Device(std::string(value.as.string));
    case CT_INT_LIST:
      return list_of<int64_t>(value);
    case CT_DOUBLE_LIST:
      return list_of<double>(value);
    case CT_BOOL_LIST:
      return list_of<bool>(value);
    case CT_TENSOR_LIST: {
      const auto *handles = static_cast<const ct_tensor *>(value.as.list);
      c10::List<at::Tensor> list;
      list.reserve(value.count);
      for (int64_t index = 0; index < value.count; index++) list.push_back(borrow(handles[index]));
      return list;
    }
    case CT_OPTIONAL_TENSOR_LIST: {
      const auto *handles = static_cast<const ct_tensor *>(value.as.list);
      c10::List<std::optional<at::Tensor>> list;
      list.reserve(value.count);
      for (int64_t index = 0; index < value.count; index++) {
        list.push_back(handles[index] == nullptr ? std::nullopt
                                                 : std::make_optional(borrow(handles[index])));
      }
      return list;
    }
    case CT_GENERATOR:
      return c10::Device(std::string(value.as.string)).is_cpu() && own_generator.defined()
                 ? c10::IValue(own_generator)
                 : c10::IValue();
    case CT_DEFAULT:
      break;
  }
  TORCH_CHECK(false, "an argument of unknown kind ", static_cast<int>(value.tag));
}

void append_result(const c10::IValue &value, ct_value *results, int32_t room, int32_t &used) {
  if (value.isTensorList()) {
    for (const at::Tensor &element : value.toTensorVector()) {
      append_result(element, results, room, used);
    }
    return;
  }
  TORCH_CHECK(used < room, "the operator returns more than ", room, " values");
  ct_value &result = results[used];
  result.count = 0;
  if (value.isTensor()) {
    result.tag = CT_TENSOR;
    result.as.tensor = give(value.toTensor());
  } else if (value.isInt()) {
    result.tag = CT_INT;
    result.as.integer = value.toInt();
  } else if (value.isDouble()) {
    result.tag = CT_DOUBLE;
    result.as.real = value.toDouble();
  } else if (value.isBool()) {
    result.tag = CT_BOOL;
    result.as.boolean = value.toBool();
  } else if (value.isNone()) {
    result.tag = CT_NONE;
  } else {
    TORCH_CHECK(false, "a result of type ", value.tagKind(), " cannot be handed over");
  }
  used++;
}

c10::DeviceType device_type_of(const char *name) { return c10::Device(std::string(name)).type(); }

}  // namespace

extern "C" {

void ct_error_free(ct_error *error) {
  if (error == nullptr) return;
  std::free(error->message);
  std::free(error);
}

// --- The boxed call --------------------------------------------------------------------------------

ct_error *ct_operator_find(const char *name, const char *overload, ct_operator *found) {
  return guarded([&] {
    // Handles are kept for good: the address is the operator's identity on the other side.
    static std::mutex mutex;
    static std::unordered_map<std::string, std::unique_ptr<c10::OperatorHandle>> known;
    std::lock_guard<std::mutex> lock(mutex);
    auto &slot = known[std::string(name) + "." + overload];
    if (!slot) {
      slot = std::make_unique<c10::OperatorHandle>(
          c10::Dispatcher::singleton().findSchemaOrThrow(name, overload));
    }
    *found = reinterpret_cast<ct_operator>(slot.get());
  });
}

ct_error *ct_call(ct_operator op, const ct_value *arguments, int32_t count, ct_value *results,
                  int32_t *result_count) {
  const int32_t room = *result_count;
  *result_count = 0;
  return guarded([&] {
    const auto &handle = *reinterpret_cast<const c10::OperatorHandle *>(op);
    const auto &parameters = handle.schema().arguments();
    TORCH_CHECK(static_cast<size_t>(count) <= parameters.size(), handle.schema().name(), " takes ",
                parameters.size(), " arguments, not ", count);
    torch::jit::Stack stack;
    stack.reserve(parameters.size());
    for (size_t index = 0; index < parameters.size(); index++) {
      if (index < static_cast<size_t>(count) && arguments[index].tag != CT_DEFAULT) {
        stack.push_back(to_ivalue(arguments[index]));
      } else {
        const auto &fallback = parameters[index].default_value();
        TORCH_CHECK(fallback.has_value(), handle.schema().name(), " needs the argument ",
                    parameters[index].name());
        stack.push_back(*fallback);
      }
    }
    handle.callBoxed(stack);
    for (const c10::IValue &value : stack) append_result(value, results, room, *result_count);
  });
}

// --- Tensors ---------------------------------------------------------------------------------------

void ct_tensor_release(ct_tensor tensor) {
  if (tensor == nullptr) return;
  live_handles.fetch_sub(1, std::memory_order_relaxed);
  TensorPointer::reclaim(impl_of(tensor));
}

int64_t ct_tensor_live_handles(void) { return live_handles.load(std::memory_order_relaxed); }

int64_t ct_tensor_reference_count(ct_tensor tensor) {
  return static_cast<int64_t>(borrow(tensor).use_count()) - 1;
}

int32_t ct_tensor_rank(ct_tensor tensor) { return static_cast<int32_t>(impl_of(tensor)->dim()); }

void ct_tensor_shape(ct_tensor tensor, int64_t *sizes) {
  const auto shape = impl_of(tensor)->sizes();
  std::copy(shape.begin(), shape.end(), sizes);
}

void ct_tensor_strides(ct_tensor tensor, int64_t *strides) {
  const auto steps = impl_of(tensor)->strides();
  std::copy(steps.begin(), steps.end(), strides);
}

int32_t ct_tensor_dtype(ct_tensor tensor) {
  return static_cast<int32_t>(c10::typeMetaToScalarType(impl_of(tensor)->dtype()));
}

void ct_tensor_device(ct_tensor tensor, char *name, int32_t capacity) {
  const std::string text = impl_of(tensor)->device().str();
  std::strncpy(name, text.c_str(), capacity - 1);
  name[capacity - 1] = 0;
}

bool ct_tensor_is_contiguous(ct_tensor tensor, int64_t memory_format) {
  return impl_of(tensor)->is_contiguous(static_cast<c10::MemoryFormat>(memory_format));
}

ct_error *ct_tensor_from_bytes(const void *data, int64_t bytes, const int64_t *sizes, int32_t rank,
                               int32_t dtype, ct_tensor *result) {
  return guarded([&] {
    at::Tensor tensor = at::empty(c10::IntArrayRef(sizes, rank),
                                  at::TensorOptions().dtype(static_cast<c10::ScalarType>(dtype)));
    TORCH_CHECK(static_cast<int64_t>(tensor.nbytes()) == bytes, "a tensor of shape ", tensor.sizes(),
                " and type ", tensor.scalar_type(), " holds ", tensor.nbytes(), " bytes, not ",
                bytes);
    if (bytes > 0) std::memcpy(tensor.mutable_data_ptr(), data, bytes);
    *result = give(std::move(tensor));
  });
}

ct_error *ct_tensor_copy_bytes(ct_tensor tensor, void *data, int64_t bytes) {
  return guarded([&] {
    const at::Tensor source = borrow(tensor).detach().to(at::kCPU).contiguous();
    TORCH_CHECK(static_cast<int64_t>(source.nbytes()) == bytes, "the tensor holds ", source.nbytes(),
                " bytes, not ", bytes);
    if (bytes > 0) std::memcpy(data, source.const_data_ptr(), bytes);
  });
}

// --- Autograd ----------------------------------------------------------------------------------------

bool ct_tensor_requires_grad(ct_tensor tensor) { return impl_of(tensor)->requires_grad(); }

ct_error *ct_tensor_set_requires_grad(ct_tensor tensor, bool requires_grad) {
  return guarded([&] { borrow(tensor).set_requires_grad(requires_grad); });
}

ct_error *ct_tensor_grad(ct_tensor tensor, ct_tensor *grad) {
  return guarded([&] { *grad = give(borrow(tensor).grad()); });
}

ct_error *ct_tensor_set_grad(ct_tensor tensor, ct_tensor grad) {
  return guarded([&] { borrow(tensor).mutable_grad() = borrow(grad); });
}

ct_error *ct_tensor_set_data(ct_tensor tensor, ct_tensor source) {
  return guarded([&] { borrow(tensor).set_data(borrow(source)); });
}

ct_error *ct_backward(ct_tensor tensor, ct_tensor gradient, bool keep_graph) {
  return guarded([&] { borrow(tensor).backward(borrow(gradient), keep_graph); });
}

ct_error *ct_grad(const ct_tensor *outputs, const ct_tensor *output_gradients, int32_t output_count,
                  const ct_tensor *inputs, int32_t input_count, bool keep_graph, bool create_graph,
                  ct_tensor *results) {
  return guarded([&] {
    torch::autograd::variable_list ys, gradients, xs;
    for (int32_t index = 0; index < output_count; index++) {
      ys.push_back(borrow(outputs[index]));
      gradients.push_back(borrow(output_gradients[index]));
    }
    for (int32_t index = 0; index < input_count; index++) xs.push_back(borrow(inputs[index]));
    auto found = torch::autograd::grad(ys, xs, gradients, keep_graph, create_graph,
                                       /*allow_unused=*/true);
    for (int32_t index = 0; index < input_count; index++) results[index] = give(found[index]);
  });
}

bool ct_grad_mode(void) { return c10::GradMode::is_enabled(); }

void ct_set_grad_mode(bool enabled) { c10::GradMode::set_enabled(enabled); }

ct_error *ct_autocast(const char *device_type, bool *enabled, int32_t *dtype) {
  return guarded([&] {
    const auto type = device_type_of(device_type);
    *enabled = at::autocast::is_autocast_enabled(type);
    *dtype = static_cast<int32_t>(at::autocast::get_autocast_dtype(type));
  });
}

ct_error *ct_set_autocast(const char *device_type, bool enabled, int32_t dtype) {
  return guarded([&] {
    const auto type = device_type_of(device_type);
    at::autocast::set_autocast_enabled(type, enabled);
    at::autocast::set_autocast_dtype(type, static_cast<c10::ScalarType>(dtype));
  });
}

void ct_clear_autocast_cache(void) { at::autocast::clear_cache(); }

// --- Runtime -----------------------------------------------------------------------------------------

ct_error *ct_manual_seed(uint64_t seed) {
  return guarded([&] {
    at::manual_seed(seed);
    own_generator = at::detail::createCPUGenerator(seed);
  });
}

int32_t ct_threads(void) { return at::get_num_threads(); }

ct_error *ct_set_threads(int32_t count) {
  return guarded([&] { at::set_num_threads(count); });
}

const char *ct_version(void) { return TORCH_VERSION; }

ct_error *ct_configuration(char **text) {
  return guarded([&] { *text = strdup(at::show_config().c_str()); });
}

const char *ct_cpu_capability(void) {
  static const std::string capability = at::get_cpu_capability();
  return capability.c_str();
}

void ct_string_free(char *text) { std::free(text); }

int32_t ct_cuda_device_count(void) {
  int32_t count = 0;
  ct_error *error = guarded([&] {
    if (at::hasCUDA()) count = at::detail::getCUDAHooks().deviceCount();
  });
  ct_error_free(error);
  return count;
}

ct_error *ct_cuda_synchronize(int32_t device) {
  return guarded([&] {
    at::detail::getCUDAHooks().deviceSynchronize(static_cast<c10::DeviceIndex>(device));
  });
}

ct_error *ct_cuda_memory(int32_t device, int64_t *free_bytes, int64_t *total_bytes) {
  return guarded([&] {
    const auto memory = at::getDeviceAllocator(at::kCUDA)
                            ->getMemoryInfo(static_cast<c10::DeviceIndex>(device));
    *free_bytes = static_cast<int64_t>(memory.first);
    *total_bytes = static_cast<int64_t>(memory.second);
  });
}

void ct_keep_freed_memory(void) {
#ifdef __GLIBC__
  mallopt(M_MMAP_MAX, 0);
  mallopt(M_TRIM_THRESHOLD, std::numeric_limits<int>::max());
#endif
}

void ct_set_cuda_speed(bool allow_tf32, bool benchmark_cudnn) {
  auto &context = at::globalContext();
  context.setAllowTF32CuBLAS(allow_tf32);
  context.setAllowTF32CuDNN(allow_tf32);
  context.setBenchmarkCuDNN(benchmark_cudnn);
}

}  // extern "C"
