// Activation checkpointing (Chen et al., "Training Deep Nets with Sublinear Memory Cost", 2016): the forward pass keeps only the
// input of a computation, and the backward pass computes the rest again.

#include "CTorch.h"
#include "Handles.h"

#include <ATen/ATen.h>
#include <torch/csrc/autograd/autograd.h>
#include <torch/csrc/autograd/custom_function.h>

#include <memory>

using namespace ctorch;

namespace {

class Computation {
 public:
  explicit Computation(ct_computation own) : own_(own) {}
  ~Computation() { own_.release(own_.context); }
  Computation(const Computation &) = delete;
  Computation &operator=(const Computation &) = delete;

  at::Tensor operator()(const at::Tensor &input, bool again) const {
    ct_tensor output = own_.compute(own_.context, give(input), again);
    at::Tensor result = borrow(output);
    ct_tensor_release(output);
    return result;
  }

 private:
  ct_computation own_;
};

struct HeldComputation : torch::CustomClassHolder {
  explicit HeldComputation(ct_computation computation) : computation(computation) {}
  const Computation computation;
};

// Parameters are inputs of this node, so that it also runs if the input requires no gradient, and so that their gradients
// take the usual way, through the hooks of those who wait for them.
struct Recomputed : torch::autograd::Function<Recomputed> {
  static at::Tensor forward(torch::autograd::AutogradContext *context, c10::intrusive_ptr<HeldComputation> held,
                            const at::Tensor &input, at::TensorList parameters) {
    std::vector<at::Tensor> saved = {input};
    saved.insert(saved.end(), parameters.begin(), parameters.end());
    context->save_for_backward(std::move(saved));
    at::Tensor output = held->computation(input, false);
    context->saved_data["computation"] = c10::IValue::make_capsule(std::move(held));
    return output;
  }

  static torch::autograd::variable_list backward(torch::autograd::AutogradContext *context,
                                                 torch::autograd::variable_list gradients) {
    const auto held =
        c10::static_intrusive_pointer_cast<HeldComputation>(context->saved_data.at("computation").toCapsule());
    const auto saved = context->get_saved_variables();
    // One for the computation, which is not a tensor.
    torch::autograd::variable_list results(1 + saved.size());
    if (!gradients[0].defined()) return results;
    const bool needs_input = context->needs_input_grad(0);
    const at::Tensor input = saved[0].detach().set_requires_grad(needs_input);
    torch::autograd::variable_list wanted(saved.begin() + 1, saved.end());
    if (needs_input) wanted.insert(wanted.begin(), input);
    at::Tensor output;
    {
      at::AutoGradMode recording(true);
      output = held->computation(input, true);
    }
    const auto found = torch::autograd::grad({output}, wanted, {gradients[0]}, /*retain_graph=*/false,
                                             /*create_graph=*/false, /*allow_unused=*/true);
    std::copy(found.begin(), found.end(), results.begin() + (needs_input ? 1 : 2));
    return results;
  }
};

}  // namespace

extern "C" ct_error *ct_recomputed(ct_computation computation, ct_tensor input, const ct_tensor *parameters, int32_t count,
                                   ct_tensor *output) {
  // Owns the context from here on.
  auto held = c10::make_intrusive<HeldComputation>(computation);
  return guarded([&] {
    std::vector<at::Tensor> others;
    for (int32_t index = 0; index < count; index++) others.push_back(borrow(parameters[index]));
    *output = give(Recomputed::apply(std::move(held), borrow(input), at::TensorList(others)));
  });
}
