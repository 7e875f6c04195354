// Batch normalization with addition and ReLU as an operator of libtorch, with its gradients.

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <torch/csrc/autograd/custom_function.h>
#include <torch/library.h>

#include <array>
#include <optional>
#include <tuple>
#include <vector>

#include "ChannelsLast.h"
#include "Elements.h"
#include "Kernels/Normalization.h"
#include "KeptInput.h"

namespace {

using at::Tensor;
using OptionalTensor = std::optional<Tensor>;
using ctorch::channels_last, ctorch::elements;

Tensor empty_channels_last(const Tensor &like) { return ctorch::empty_channels_last(like.sizes(), like); }

mosi::BatchNormalization shape_of(const Tensor &input, double epsilon, bool relu) {
  TORCH_CHECK(input.dim() == 5, "mosi::batch_norm needs an input of rank 5");
  TORCH_CHECK(input.scalar_type() == at::kFloat, "mosi::batch_norm needs float32");
  TORCH_CHECK(input.numel() > 0, "mosi::batch_norm needs a batch that is not empty");
  return {input.numel() / input.size(1), static_cast<int>(input.size(1)), at::get_num_threads(), epsilon, relu};
}

const float *data(const Tensor &tensor) { return tensor.defined() ? elements<float>(tensor) : nullptr; }

float *mutable_data(Tensor &tensor) { return tensor.defined() ? tensor.mutable_data_ptr<float>() : nullptr; }

void check_parameter(const Tensor &tensor, int channels) {
  TORCH_CHECK(tensor.scalar_type() == at::kFloat && tensor.numel() == channels && tensor.is_contiguous(),
              "mosi::batch_norm needs float32 parameters of ", channels, " channels");
}

// The output, the mean and the inverse of the deviation.
std::tuple<Tensor, Tensor, Tensor> normalize_on_cpu(const Tensor &input, const OptionalTensor &residual,
                                                    const Tensor &weight, const Tensor &bias, Tensor &running_mean,
                                                    Tensor &running_variance, double momentum, double epsilon,
                                                    bool relu) {
  const auto shape = shape_of(input, epsilon, relu);
  const Tensor from = channels_last(input), added = residual ? channels_last(*residual) : Tensor();
  TORCH_CHECK(!added.defined() || (added.sizes() == from.sizes() && added.scalar_type() == at::kFloat),
              "mosi::batch_norm: a residual of another shape or type");
  for (const Tensor &tensor : {weight, bias, running_mean, running_variance}) check_parameter(tensor, shape.channels);
  Tensor output = empty_channels_last(from);
  Tensor mean = at::empty({shape.channels}, input.options()), inverse_deviation = at::empty_like(mean);
  Tensor variance = at::empty_like(mean);
  mosi::batch_normalize(shape, data(from), data(added), data(weight), data(bias), mutable_data(output),
                        mutable_data(mean), mutable_data(inverse_deviation), mutable_data(variance));
  running_mean.mul_(1 - momentum).add_(mean, momentum);
  running_variance.mul_(1 - momentum).add_(variance, momentum);
  return {output, mean, inverse_deviation};
}

// The output without a residual, from the statistics of the batch.
Tensor output_on_cpu(const Tensor &input, const Tensor &weight, const Tensor &bias, const Tensor &mean,
                     const Tensor &inverse_deviation, double epsilon, bool relu) {
  const auto shape = shape_of(input, epsilon, relu);
  const Tensor from = channels_last(input);
  for (const Tensor &tensor : {weight, bias, mean, inverse_deviation}) check_parameter(tensor, shape.channels);
  Tensor output = empty_channels_last(from);
  mosi::batch_normalize_again(shape, data(from), data(weight), data(bias), data(mean), data(inverse_deviation),
                              mutable_data(output));
  return output;
}

// The gradients of input, residual, weight and bias.
std::tuple<Tensor, Tensor, Tensor, Tensor> gradients_on_cpu(const Tensor &gradient, const Tensor &input,
                                                            const OptionalTensor &output, const Tensor &weight,
                                                            const Tensor &bias, const Tensor &mean,
                                                            const Tensor &inverse_deviation, double epsilon, bool relu,
                                                            bool needs_input) {
  const auto shape = shape_of(input, epsilon, relu);
  const Tensor arriving = channels_last(gradient), from = channels_last(input);
  const Tensor to = output ? channels_last(*output) : Tensor();
  Tensor input_gradient, residual_gradient;
  if (needs_input) input_gradient = empty_channels_last(from);
  if (output) residual_gradient = empty_channels_last(from);
  Tensor weight_gradient = at::empty_like(mean), bias_gradient = at::empty_like(mean);
  mosi::batch_normalize_gradients(shape, data(arriving), data(from), data(to), data(weight), data(bias), data(mean),
                                  data(inverse_deviation), mutable_data(input_gradient),
                                  mutable_data(residual_gradient), mutable_data(weight_gradient),
                                  mutable_data(bias_gradient));
  return {input_gradient, residual_gradient, weight_gradient, bias_gradient};
}

using Normalize = std::tuple<Tensor, Tensor, Tensor>(const Tensor &, const OptionalTensor &, const Tensor &,
                                                     const Tensor &, Tensor &, Tensor &, double, double, bool);
using Output = Tensor(const Tensor &, const Tensor &, const Tensor &, const Tensor &, const Tensor &, double, bool);
using Gradients = std::tuple<Tensor, Tensor, Tensor, Tensor>(const Tensor &, const Tensor &, const OptionalTensor &,
                                                             const Tensor &, const Tensor &, const Tensor &,
                                                             const Tensor &, double, bool, bool);

struct BatchNorm : torch::autograd::Function<BatchNorm> {
  static torch::autograd::variable_list forward(torch::autograd::AutogradContext *context, const Tensor &input,
                                                const OptionalTensor &residual, const Tensor &weight,
                                                const Tensor &bias, Tensor running_mean, Tensor running_variance,
                                                double momentum, double epsilon, bool relu) {
    static const auto handle =
        c10::Dispatcher::singleton().findSchemaOrThrow("mosi::batch_norm", "").typed<Normalize>();
    at::AutoDispatchBelowADInplaceOrView guard;
    auto [output, mean, inverse_deviation] = handle.call(input, residual, weight, bias, running_mean, running_variance,
                                                         momentum, epsilon, relu);
    // A residual hides where the activation was zero: then the output shows it.
    const bool needs_output = residual && relu;
    context->save_for_backward(
        {input, needs_output ? output : Tensor(), weight, bias, mean, inverse_deviation});
    context->saved_data["epsilon"] = epsilon;
    context->saved_data["relu"] = relu;
    context->saved_data["has_residual"] = residual.has_value();
    context->mark_non_differentiable({mean, inverse_deviation});
    return {output, mean, inverse_deviation};
  }

  static torch::autograd::variable_list backward(torch::autograd::AutogradContext *context,
                                                 torch::autograd::variable_list gradients) {
    static const auto handle =
        c10::Dispatcher::singleton().findSchemaOrThrow("mosi::batch_norm_backward", "").typed<Gradients>();
    torch::autograd::variable_list results(9);
    if (!gradients[0].defined()) return results;
    const auto saved = context->get_saved_variables();
    auto [input, residual, weight, bias] =
        handle.call(gradients[0], saved[0], saved[1].defined() ? OptionalTensor(saved[1]) : std::nullopt, saved[2],
                    saved[3], saved[4], saved[5], context->saved_data["epsilon"].toDouble(),
                    context->saved_data["relu"].toBool(), context->needs_input_grad(0));
    results[0] = input;
    if (context->saved_data["has_residual"].toBool()) results[1] = residual.defined() ? residual : gradients[0];
    results[2] = weight;
    results[3] = bias;
    return results;
  }
};

std::tuple<Tensor, Tensor, Tensor> normalize_with_gradients(const Tensor &input, const OptionalTensor &residual,
                                                            const Tensor &weight, const Tensor &bias,
                                                            Tensor &running_mean, Tensor &running_variance,
                                                            double momentum, double epsilon, bool relu) {
  auto results =
      BatchNorm::apply(input, residual, weight, bias, running_mean, running_variance, momentum, epsilon, relu);
  return {results[0], results[1], results[2]};
}

Tensor output_on_meta(const Tensor &input, const Tensor &, const Tensor &, const Tensor &, const Tensor &, double, bool) {
  return empty_channels_last(input);
}

std::tuple<Tensor, Tensor, Tensor> normalize_on_meta(const Tensor &input, const OptionalTensor &, const Tensor &weight,
                                                     const Tensor &, Tensor &, Tensor &, double, double, bool) {
  return {empty_channels_last(input), at::empty_like(weight), at::empty_like(weight)};
}

std::tuple<Tensor, Tensor, Tensor, Tensor> gradients_on_meta(const Tensor &, const Tensor &input,
                                                             const OptionalTensor &output, const Tensor &weight,
                                                             const Tensor &, const Tensor &, const Tensor &, double,
                                                             bool, bool needs_input) {
  return {needs_input ? empty_channels_last(input) : Tensor(), output ? empty_channels_last(input) : Tensor(),
          at::empty_like(weight), at::empty_like(weight)};
}

// A node of autograd, in a form that its contexts can save. A node refers to those that made its inputs anyway.
struct SavedNode : torch::CustomClassHolder {
  std::decay_t<decltype(std::declval<const Tensor &>().grad_fn())> node;
  const torch::autograd::AutogradContext &context() const {
    return static_cast<torch::autograd::CppNode<BatchNorm> &>(*node).ctx_;
  }
};

constexpr const char *normalization_key = "normalization";

}  // namespace

namespace ctorch {

Tensor kept_input(torch::autograd::AutogradContext *context, const Tensor &input) {
  if (!input.is_cpu()) return input;
  auto saved = c10::make_intrusive<SavedNode>();
  saved->node = input.grad_fn();
  if (!saved->node || dynamic_cast<torch::autograd::CppNode<BatchNorm> *>(&*saved->node) == nullptr ||
      saved->context().saved_data.at("has_residual").toBool()) {
    return input;
  }
  context->saved_data[normalization_key] = c10::IValue::make_capsule(std::move(saved));
  return {};
}

Tensor input_again(torch::autograd::AutogradContext *context, const Tensor &kept) {
  if (kept.defined()) return kept;
  static const auto handle =
      c10::Dispatcher::singleton().findSchemaOrThrow("mosi::batch_norm_output", "").typed<Output>();
  const auto holder =
      c10::static_intrusive_pointer_cast<SavedNode>(context->saved_data.at(normalization_key).toCapsule());
  const auto &origin = holder->context();
  // Input, output, weight, bias, mean and inverse deviation.
  const auto saved = origin.get_saved_variables();
  at::AutoDispatchBelowADInplaceOrView guard;
  return handle.call(saved[0], saved[2], saved[3], saved[4], saved[5], origin.saved_data.at("epsilon").toDouble(),
                     origin.saved_data.at("relu").toBool());
}

}  // namespace ctorch

TORCH_LIBRARY_FRAGMENT(mosi, library) {
  library.def(
      "batch_norm(Tensor input, Tensor? residual, Tensor weight, Tensor bias, Tensor(a!) running_mean, "
      "Tensor(b!) running_variance, float momentum, float epsilon, bool relu) -> (Tensor, Tensor, Tensor)");
  library.def(
      "batch_norm_output(Tensor input, Tensor weight, Tensor bias, Tensor mean, Tensor inverse_deviation, float epsilon, "
      "bool relu) -> Tensor");
  library.def(
      "batch_norm_backward(Tensor gradient, Tensor input, Tensor? output, Tensor weight, Tensor bias, Tensor mean, "
      "Tensor inverse_deviation, float epsilon, bool relu, bool needs_input) -> (Tensor, Tensor, Tensor, Tensor)");
}

TORCH_LIBRARY_IMPL(mosi, CPU, library) {
  library.impl("batch_norm", normalize_on_cpu);
  library.impl("batch_norm_output", output_on_cpu);
  library.impl("batch_norm_backward", gradients_on_cpu);
}

TORCH_LIBRARY_IMPL(mosi, Meta, library) {
  library.impl("batch_norm", normalize_on_meta);
  library.impl("batch_norm_output", output_on_meta);
  library.impl("batch_norm_backward", gradients_on_meta);
}

TORCH_LIBRARY_IMPL(mosi, Autograd, library) { library.impl("batch_norm", normalize_with_gradients); }
