#include "CTorch.h"
#include "Handles.h"
#include "Kernels/Processors.h"

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

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

using namespace ctorch;

namespace {

// --- Values --------------------------------------------------------------------------------------

at::Generator &generator_of(ct_generator handle) {
  return *reinterpret_cast<at::Generator *>(handle);
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
    case CT_DEVICE:
      return device_of(value.as.device);
    case CT_INT_LIST:
      return c10::List<int64_t>(c10::IntArrayRef(static_cast<const int64_t *>(value.as.list),
                                                 static_cast<size_t>(value.count)));
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
      return value.as.generator == nullptr ? c10::IValue()
                                           : c10::IValue(generator_of(value.as.generator));
    case CT_DEFAULT:
      break;
  }
  TORCH_CHECK(false, "an argument of unknown kind ", static_cast<int>(value.tag));
}

// The results of a call until they are handed over. If a later one fails, the earlier ones are released.
class Results {
 public:
  Results() = default;
  Results(const Results &) = delete;
  Results &operator=(const Results &) = delete;
  ~Results() {
    for (const ct_value &value : values_) {
      if (value.tag == CT_TENSOR) ct_tensor_release(value.as.tensor);
    }
  }

  void append(const c10::IValue &value) {
    if (value.isTensorList()) {
      for (const at::Tensor &element : value.toTensorVector()) append(element);
      return;
    }
    ct_value &result = values_.emplace_back();
    result.tag = CT_NONE;
    if (value.isTensor()) {
      result.as.tensor = give(value.toTensor());
      result.tag = CT_TENSOR;
    } else if (value.isInt()) {
      result.tag = CT_INT;
      result.as.integer = value.toInt();
    } else if (value.isDouble()) {
      result.tag = CT_DOUBLE;
      result.as.real = value.toDouble();
    } else if (value.isBool()) {
      result.tag = CT_BOOL;
      result.as.boolean = value.toBool();
    } else if (!value.isNone()) {
      TORCH_CHECK(false, "a result of type ", value.tagKind(), " cannot be handed over");
    }
  }

  void hand_over(ct_value **values, int32_t *count) {
    const size_t bytes = values_.size() * sizeof(ct_value);
    *values = static_cast<ct_value *>(std::malloc(std::max<size_t>(bytes, 1)));
    if (*values == nullptr) throw std::bad_alloc();
    if (bytes > 0) std::memcpy(*values, values_.data(), bytes);
    *count = static_cast<int32_t>(values_.size());
    values_.clear();
  }

 private:
  std::vector<ct_value> values_;
};

}  // namespace

extern "C" {

void ct_error_free(ct_error *error) noexcept {
  if (error == nullptr) return;
  std::free(error->message);
  std::free(error);
}

// --- The boxed call --------------------------------------------------------------------------------

ct_error *ct_operator_find(const char *name, const char *overload, ct_operator *found) {
  return guarded([&] {
    // Handles are kept forever: in Swift, the address identifies the operator.
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

ct_error *ct_call(ct_operator op, const ct_value *arguments, int32_t count, ct_value **results,
                  int32_t *result_count) {
  *results = nullptr;
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
    Results found;
    for (const c10::IValue &value : stack) found.append(value);
    found.hand_over(results, result_count);
  });
}

void ct_values_free(ct_value *values) noexcept { std::free(values); }

// --- Tensors ---------------------------------------------------------------------------------------

void ct_tensor_release(ct_tensor tensor) noexcept {
  if (tensor == nullptr) return;
  live_handles.fetch_sub(1, std::memory_order_relaxed);
  TensorPointer::reclaim(impl_of(tensor));
}

ct_tensor ct_tensor_share(ct_tensor tensor) noexcept { return give(borrow(tensor)); }

int64_t ct_tensor_live_handles(void) noexcept {
  return live_handles.load(std::memory_order_relaxed);
}

int64_t ct_tensor_reference_count(ct_tensor tensor) noexcept {
  return static_cast<int64_t>(borrow(tensor).use_count()) - 1;
}

ct_error *ct_tensor_describe(ct_tensor tensor, ct_tensor_info *info) {
  return guarded([&] {
    const c10::TensorImpl &impl = *impl_of(tensor);
    const c10::Device device = impl.device();
    info->rank = static_cast<int32_t>(impl.dim());
    info->dtype = static_cast<int32_t>(c10::typeMetaToScalarType(impl.dtype()));
    info->device = {static_cast<int32_t>(device.type()), device.index()};
    info->requires_grad = impl.requires_grad();
    info->sizes = impl.sizes().data();
    info->strides = impl.layout() == c10::kStrided ? impl.strides().data() : nullptr;
  });
}

ct_error *ct_tensor_is_contiguous(ct_tensor tensor, int64_t memory_format, bool *is_contiguous) {
  return guarded([&] {
    *is_contiguous =
        impl_of(tensor)->is_contiguous(static_cast<c10::MemoryFormat>(memory_format));
  });
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
                  const ct_tensor *inputs, int32_t input_count, bool keep_graph,
                  ct_tensor *results) {
  return guarded([&] {
    torch::autograd::variable_list ys, gradients, xs;
    for (int32_t index = 0; index < output_count; index++) {
      ys.push_back(borrow(outputs[index]));
      gradients.push_back(borrow(output_gradients[index]));
    }
    for (int32_t index = 0; index < input_count; index++) xs.push_back(borrow(inputs[index]));
    auto found = torch::autograd::grad(ys, xs, gradients, keep_graph, /*create_graph=*/false,
                                       /*allow_unused=*/true);
    for (int32_t index = 0; index < input_count; index++) results[index] = give(found[index]);
  });
}

bool ct_grad_mode(void) noexcept { return c10::GradMode::is_enabled(); }

void ct_set_grad_mode(bool enabled) noexcept { c10::GradMode::set_enabled(enabled); }

ct_error *ct_autocast(ct_device_type device, bool *enabled, int32_t *dtype) {
  return guarded([&] {
    const auto type = static_cast<c10::DeviceType>(device);
    *enabled = at::autocast::is_autocast_enabled(type);
    *dtype = static_cast<int32_t>(at::autocast::get_autocast_dtype(type));
  });
}

ct_error *ct_set_autocast(ct_device_type device, bool enabled, int32_t dtype) {
  return guarded([&] {
    const auto type = static_cast<c10::DeviceType>(device);
    at::autocast::set_autocast_enabled(type, enabled);
    at::autocast::set_autocast_dtype(type, static_cast<c10::ScalarType>(dtype));
  });
}

ct_error *ct_clear_autocast_cache(void) {
  return guarded([] { at::autocast::clear_cache(); });
}

// --- Random numbers ----------------------------------------------------------------------------------

ct_error *ct_generator_create(ct_device device, uint64_t seed, ct_generator *generator) {
  return guarded([&] {
    const c10::Device place = device_of(device);
    std::unique_ptr<at::Generator> made;
    if (place.is_cpu()) {
      made = std::make_unique<at::Generator>(at::detail::createCPUGenerator(seed));
    } else {
      auto &context = at::globalContext();
      context.lazyInitDevice(place.type());
      made = std::make_unique<at::Generator>(
          context.getAcceleratorHooksInterface(place.type()).getNewGenerator(place.index()));
      made->set_current_seed(seed);
    }
    *generator = reinterpret_cast<ct_generator>(made.release());
  });
}

ct_error *ct_generator_seed(ct_generator generator, uint64_t seed) {
  return guarded([&] {
    at::Generator &own = generator_of(generator);
    std::lock_guard<std::mutex> lock(own.mutex());
    own.set_current_seed(seed);
  });
}

ct_error *ct_generator_state(ct_generator generator, ct_tensor *state) {
  return guarded([&] {
    at::Generator &own = generator_of(generator);
    std::lock_guard<std::mutex> lock(own.mutex());
    *state = give(own.get_state());
  });
}

ct_error *ct_generator_set_state(ct_generator generator, ct_tensor state) {
  return guarded([&] {
    at::Generator &own = generator_of(generator);
    std::lock_guard<std::mutex> lock(own.mutex());
    own.set_state(borrow(state));
  });
}

void ct_generator_release(ct_generator generator) noexcept {
  delete reinterpret_cast<at::Generator *>(generator);
}

// --- Runtime -----------------------------------------------------------------------------------------

ct_error *ct_threads(int32_t *count) {
  return guarded([&] { *count = at::get_num_threads(); });
}

ct_error *ct_set_threads(int32_t count) {
  return guarded([&] { at::set_num_threads(count); });
}

const char *ct_version(void) noexcept { return TORCH_VERSION; }

ct_error *ct_configuration(char **text) {
  return guarded([&] { *text = strdup(at::show_config().c_str()); });
}

ct_error *ct_cpu_capability(const char **name) {
  return guarded([&] {
    static const std::string capability = at::get_cpu_capability();
    *name = capability.c_str();
  });
}

static_assert(CT_VECTORS_PLAIN == static_cast<int>(mosi::Vectors::plain));
static_assert(CT_VECTORS_AVX2 == static_cast<int>(mosi::Vectors::avx2));
static_assert(CT_VECTORS_AVX512 == static_cast<int>(mosi::Vectors::avx512));

ct_vectors ct_widest_vectors(void) noexcept { return static_cast<ct_vectors>(mosi::widest_vectors()); }

ct_vectors ct_current_vectors(void) noexcept { return static_cast<ct_vectors>(mosi::current_vectors()); }

void ct_use_vectors(ct_vectors vectors) noexcept { mosi::use_vectors(static_cast<mosi::Vectors>(vectors)); }

void ct_string_free(char *text) noexcept { std::free(text); }

ct_error *ct_cuda_device_count(int32_t *count) {
  *count = 0;
  return guarded([&] {
    // hasCUDA() is false without a device, too.
    TORCH_CHECK(
        at::detail::getCUDAHooks().hasCUDART(), "this libtorch was built without CUDA");
    *count = at::detail::getCUDAHooks().deviceCount();
    // Counting hides why there is no device (no driver, or an outdated one); initializing reports it.
    if (*count == 0) at::globalContext().lazyInitDevice(c10::DeviceType::CUDA);
    TORCH_CHECK(*count > 0, "there is no CUDA device");
  });
}

ct_error *ct_cuda_synchronize(int32_t device) {
  return guarded([&] {
    at::detail::getCUDAHooks().deviceSynchronize(static_cast<c10::DeviceIndex>(device));
  });
}

ct_error *ct_cuda_memory(
    int32_t device, int64_t *free_bytes, int64_t *total_bytes, int64_t *peak_bytes) {
  return guarded([&] {
    const auto index = static_cast<c10::DeviceIndex>(device);
    at::globalContext().lazyInitDevice(c10::DeviceType::CUDA);
    auto *const allocator = at::getDeviceAllocator(at::kCUDA);
    const auto memory = allocator->getMemoryInfo(index);
    constexpr auto all = static_cast<size_t>(c10::CachingAllocator::StatType::AGGREGATE);
    *peak_bytes = allocator->getDeviceStats(index).allocated_bytes[all].peak;
    *free_bytes = static_cast<int64_t>(memory.first);
    *total_bytes = static_cast<int64_t>(memory.second);
  });
}

ct_error *ct_set_cuda_speed(bool allow_tf32, bool benchmark_cudnn) {
  return guarded([&] {
    auto &context = at::globalContext();
    context.setAllowTF32CuBLAS(allow_tf32);
    context.setAllowTF32CuDNN(allow_tf32);
    context.setBenchmarkCuDNN(benchmark_cudnn);
  });
}

}  // extern "C"
