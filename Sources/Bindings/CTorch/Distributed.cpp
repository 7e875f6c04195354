// c10d is part of libtorch and its headers come with it, but those of Gloo, which ProcessGroupGloo.hpp includes, do
// not: C10dHeaders/ declares the few names of them that it needs.
#define USE_C10D_GLOO 1

#include "CTorchDistributed.h"
#include "Handles.h"

#include <ATen/ATen.h>
#include <c10/util/Logging.h>
#include <torch/csrc/autograd/custom_function.h>
#include <torch/csrc/distributed/c10d/PrefixStore.hpp>
#include <torch/csrc/distributed/c10d/ProcessGroup.hpp>
#include <torch/csrc/distributed/c10d/ProcessGroupGloo.hpp>
#include <torch/csrc/distributed/c10d/TCPStore.hpp>
#include <torch/csrc/distributed/c10d/Work.hpp>
#include <torch/csrc/distributed/c10d/comm.hpp>
#include <torch/csrc/distributed/c10d/reducer.hpp>

// Only a libtorch for CUDA has NCCL, and only CUDA's and NCCL's own packages have their headers.
#if defined(MOSI_NCCL)
#define USE_C10D_NCCL 1
#include <torch/csrc/distributed/c10d/ProcessGroupNCCL.hpp>
#endif

#include <chrono>
#include <memory>
#include <string>
#include <type_traits>
#include <unordered_map>
#include <vector>

using namespace ctorch;

namespace {

using std::chrono::milliseconds;

// Whatever fails in `body` is a failure of the exchange.
template <typename Body>
ct_error *exchanging(Body &&body) noexcept {
  ct_error *error = guarded(body);
  if (error != nullptr && error->kind != CT_ERROR_OUT_OF_MEMORY) error->kind = CT_ERROR_PEER;
  return error;
}

struct Store {
  c10::intrusive_ptr<c10d::TCPStore> server;
  c10::intrusive_ptr<c10d::Store> prefixed;
};

struct Group {
  c10::intrusive_ptr<c10d::ProcessGroup> engine;
};

Store &store_of(ct_store handle) { return *reinterpret_cast<Store *>(handle); }

c10::intrusive_ptr<c10d::ProcessGroup> engine_of(ct_process_group handle) {
  return reinterpret_cast<Group *>(handle)->engine;
}

c10d::ReduceOp operation_of(ct_reduction reduction) {
  switch (reduction) {
    case CT_REDUCE_MIN:
      return c10d::ReduceOp::MIN;
    case CT_REDUCE_MAX:
      return c10d::ReduceOp::MAX;
    case CT_REDUCE_SUM:
      break;
  }
  return c10d::ReduceOp::SUM;
}

void all_reduce(const c10::intrusive_ptr<c10d::ProcessGroup> &engine, at::Tensor tensor, c10d::ReduceOp operation) {
  std::vector<at::Tensor> tensors{std::move(tensor)};
  c10d::AllreduceOptions options;
  options.reduceOp = std::move(operation);
  engine->allreduce(tensors, options)->wait();
}

// A sum over all processes has each of them among its inputs, so that the gradient of each is the sum of the gradients
// that all have of the sum.
struct RecordedSum : torch::autograd::Function<RecordedSum> {
  static at::Tensor forward(torch::autograd::AutogradContext *context, const at::Tensor &input,
                            const c10::intrusive_ptr<c10d::ProcessGroup> &engine) {
    context->saved_data["engine"] = c10::IValue::make_capsule(engine);
    at::Tensor sum = input.clone(at::MemoryFormat::Contiguous);
    all_reduce(engine, sum, c10d::ReduceOp::SUM);
    return sum;
  }

  static torch::autograd::variable_list backward(torch::autograd::AutogradContext *context,
                                                 torch::autograd::variable_list gradients) {
    auto engine = c10::static_intrusive_pointer_cast<c10d::ProcessGroup>(context->saved_data["engine"].toCapsule());
    at::Tensor sum = gradients[0].clone(at::MemoryFormat::Contiguous);
    all_reduce(engine, sum, c10d::ReduceOp::SUM);
    return {sum, at::Tensor()};
  }
};

// The constructor has more parameters from version to version.
template <typename Engine>
std::shared_ptr<Engine> make_reducer(std::vector<at::Tensor> parameters, std::vector<std::vector<size_t>> buckets,
                                     c10::intrusive_ptr<c10d::ProcessGroup> engine, int64_t bucket_bytes) {
  const std::vector<bool> sparse(parameters.size(), false);
  const std::unordered_map<size_t, std::string> names;
  constexpr int64_t first_bucket_bytes = c10d::kDefaultFirstBucketBytes;
  constexpr bool finds_unused = false, gradients_are_views = true, skips_unused = false, in_python = false;
  using Parameters = std::vector<at::Tensor>;
  using Buckets = std::vector<std::vector<size_t>>;
  using Names = std::unordered_map<size_t, std::string>;
  if constexpr (std::is_constructible_v<Engine, Parameters, Buckets, c10::intrusive_ptr<c10d::ProcessGroup>,
                                        std::vector<bool>, int64_t, bool, bool, Names, int64_t, bool, bool,
                                        std::vector<int64_t>>) {
    return std::make_shared<Engine>(std::move(parameters), std::move(buckets), std::move(engine), sparse, bucket_bytes,
                                    finds_unused, gradients_are_views, names, first_bucket_bytes, skips_unused,
                                    in_python, std::vector<int64_t>{});
  } else {
    return std::make_shared<Engine>(std::move(parameters), std::move(buckets), std::move(engine), sparse, bucket_bytes,
                                    finds_unused, gradients_are_views, names, first_bucket_bytes, skips_unused,
                                    in_python);
  }
}

struct Reducer {
  std::shared_ptr<c10d::Reducer> engine;
  // The reducer's hooks in the parameters' graph outlive it unless the parameters go first.
  std::vector<at::Tensor> parameters;
};

// Gradients of kernels of one element may come with other strides than their parameters; the reducer warns of that.
struct QuietAboutStrides : c10::WarningHandler {
  void process(const c10::Warning &warning) override {
    if (warning.msg().rfind("Grad strides", 0) != 0) c10::WarningHandler::process(warning);
  }
};

}  // namespace

extern "C" {

// --- The store ---------------------------------------------------------------------------------------

ct_error *ct_store_create(const char *host, int32_t port, bool serves, const char *prefix, int64_t timeout_ms,
                          ct_store *store) {
  return exchanging([&] {
    // What fails comes back as an error; libtorch would also log it, with a backtrace.
    if (std::getenv("TORCH_CPP_LOG_LEVEL") == nullptr) FLAGS_caffe2_log_level = 3;
    c10d::TCPStoreOptions options;
    options.port = static_cast<std::uint16_t>(port);
    options.isServer = serves;
    options.waitWorkers = false;
    options.timeout = milliseconds(timeout_ms);
    auto made = std::make_unique<Store>();
    made->server = c10::make_intrusive<c10d::TCPStore>(host, options);
    made->prefixed = c10::make_intrusive<c10d::PrefixStore>(prefix, made->server);
    *store = reinterpret_cast<ct_store>(made.release());
  });
}

void ct_store_release(ct_store store) noexcept { delete &store_of(store); }

ct_error *ct_store_port(ct_store store, int32_t *port) {
  return exchanging([&] { *port = store_of(store).server->getPort(); });
}

ct_error *ct_store_set(ct_store store, const char *key, const void *data, int64_t bytes) {
  return exchanging([&] {
    const auto *first = static_cast<const uint8_t *>(data);
    store_of(store).prefixed->set(key, std::vector<uint8_t>(first, first + bytes));
  });
}

ct_error *ct_store_get(ct_store store, const char *key, void **data, int64_t *bytes) {
  *data = nullptr;
  *bytes = 0;
  return exchanging([&] {
    // Asking for a key that is not there would wait for it.
    if (!store_of(store).prefixed->check({key})) return;
    const std::vector<uint8_t> value = store_of(store).prefixed->get(key);
    *data = std::malloc(std::max<size_t>(value.size(), 1));
    if (*data == nullptr) throw std::bad_alloc();
    if (!value.empty()) std::memcpy(*data, value.data(), value.size());
    *bytes = static_cast<int64_t>(value.size());
  });
}

void ct_bytes_free(void *data) noexcept { std::free(data); }

// --- The group ---------------------------------------------------------------------------------------

bool ct_has_nccl(void) noexcept {
#if defined(MOSI_NCCL)
  return true;
#else
  return false;
#endif
}

ct_error *ct_process_group_create(ct_store store, int32_t rank, int32_t size, const char *address, bool is_interface,
                                  ct_device device, int64_t timeout_ms, ct_process_group *group) {
  return exchanging([&] {
    using Gloo = c10d::ProcessGroupGloo;
    const auto table = store_of(store).prefixed;
    auto made = std::make_unique<Group>();
    made->engine = c10::make_intrusive<c10d::ProcessGroup>(table, rank, size);
    auto options = Gloo::Options::create(milliseconds(timeout_ms));
    options->devices.push_back(is_interface ? Gloo::createDeviceForInterface(address)
                                            : Gloo::createDeviceForHostname(address));
    auto gloo = c10::make_intrusive<Gloo>(c10::make_intrusive<c10d::PrefixStore>("gloo", table), rank, size, options);
    made->engine->setBackend(c10::DeviceType::CPU, c10d::ProcessGroup::BackendType::GLOO, gloo);
    made->engine->setDefaultBackend(c10d::ProcessGroup::BackendType::GLOO);
    if (device_of(device).is_cuda()) {
#if defined(MOSI_NCCL)
      auto nccl_options = c10d::ProcessGroupNCCL::Options::create();
      nccl_options->timeout = milliseconds(timeout_ms);
      auto nccl = c10::make_intrusive<c10d::ProcessGroupNCCL>(c10::make_intrusive<c10d::PrefixStore>("nccl", table),
                                                              rank, size, nccl_options);
      made->engine->setBackend(c10::DeviceType::CUDA, c10d::ProcessGroup::BackendType::NCCL, nccl);
#else
      made->engine->setBackend(c10::DeviceType::CUDA, c10d::ProcessGroup::BackendType::GLOO, gloo);
#endif
    }
    made->engine->setGroupName("mosi");
    *group = reinterpret_cast<ct_process_group>(made.release());
  });
}

void ct_process_group_release(ct_process_group group) noexcept { delete reinterpret_cast<Group *>(group); }

ct_error *ct_all_reduce(ct_process_group group, ct_tensor tensor, ct_reduction reduction) {
  return exchanging([&] { all_reduce(engine_of(group), borrow(tensor), operation_of(reduction)); });
}

ct_error *ct_all_reduce_recorded(ct_process_group group, ct_tensor tensor, ct_tensor *sum) {
  return exchanging([&] { *sum = give(RecordedSum::apply(borrow(tensor), engine_of(group))); });
}

ct_error *ct_broadcast(ct_process_group group, const ct_tensor *tensors, int32_t count, int32_t root) {
  return exchanging([&] {
    for (int32_t index = 0; index < count; index++) {
      std::vector<at::Tensor> one{borrow(tensors[index])};
      c10d::BroadcastOptions options;
      options.rootRank = root;
      engine_of(group)->broadcast(one, options)->wait();
    }
  });
}

ct_error *ct_all_gather(ct_process_group group, ct_tensor tensor, ct_tensor *results) {
  return exchanging([&] {
    const auto engine = engine_of(group);
    std::vector<at::Tensor> inputs{borrow(tensor)};
    std::vector<std::vector<at::Tensor>> outputs(1);
    for (int rank = 0; rank < engine->getSize(); rank++) outputs[0].push_back(at::empty_like(inputs[0]));
    engine->allgather(outputs, inputs)->wait();
    for (size_t rank = 0; rank < outputs[0].size(); rank++) results[rank] = give(std::move(outputs[0][rank]));
  });
}

// --- The reducer -------------------------------------------------------------------------------------

ct_error *ct_reducer_create(ct_process_group group, const ct_tensor *parameters, int32_t count, int64_t bucket_bytes,
                            ct_reducer *reducer) {
  return exchanging([&] {
    auto made = std::make_unique<Reducer>();
    for (int32_t index = 0; index < count; index++) made->parameters.push_back(borrow(parameters[index]));
    // A backward pass meets the parameters in about the reverse of their order.
    const std::vector<at::Tensor> reversed(made->parameters.rbegin(), made->parameters.rend());
    auto buckets = std::get<0>(c10d::compute_bucket_assignment_by_size(
        reversed, {c10d::kDefaultFirstBucketBytes, static_cast<size_t>(bucket_bytes)}));
    for (auto &bucket : buckets) {
      for (size_t &index : bucket) index = made->parameters.size() - 1 - index;
    }
    made->engine = make_reducer<c10d::Reducer>(made->parameters, std::move(buckets), engine_of(group), bucket_bytes);
    made->engine->set_static_graph();

    // The reducer rebuilds its buckets after its first backward pass, in the order in which gradients came. That happens
    // here, with a graph that gives every parameter a gradient: so the sums of a run that is resumed are made in the
    // order of one that was never interrupted.
    at::Tensor loss;
    for (const at::Tensor &parameter : made->parameters) {
      const at::Tensor term = parameter.sum() * 0;
      loss = loss.defined() ? loss + term.to(loss.scalar_type()) : term;
    }
    made->engine->prepare_for_forward();
    made->engine->prepare_for_backward({loss});
    loss.backward();
    // In the first pass over a static graph, gradients are only counted.
    made->engine->delay_all_reduce();
    made->engine->rebuild_buckets();
    for (at::Tensor &parameter : made->parameters) parameter.mutable_grad().reset();
    *reducer = reinterpret_cast<ct_reducer>(made.release());
  });
}

ct_error *ct_reducer_backward(ct_reducer reducer, ct_tensor loss, bool reduces) {
  // Not all that fails here is the exchange's fault.
  return guarded([&] {
    QuietAboutStrides handler;
    c10::WarningUtils::WarningHandlerGuard guard(&handler);
    auto &engine = *reinterpret_cast<Reducer *>(reducer)->engine;
    const at::Tensor root = borrow(loss);
    if (reduces) {
      engine.prepare_for_forward();
      engine.prepare_for_backward({root});
    }
    root.backward();
  });
}

void ct_reducer_release(ct_reducer reducer) noexcept { delete reinterpret_cast<Reducer *>(reducer); }

}  // extern "C"
