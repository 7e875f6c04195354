#pragma once

#include <ATen/core/Tensor.h>

namespace ctorch {

// The elements of a tensor, for reading. `const_data_ptr<Element>()` has another name in libtorch 2.11, which GCC
// compiled, than Swift's clang looks for.
template <typename Element>
const Element *elements(const at::Tensor &tensor) {
  TORCH_CHECK(tensor.scalar_type() == c10::CppTypeToScalarType<Element>::value, "the elements are ", tensor.scalar_type());
  return static_cast<const Element *>(tensor.const_data_ptr());
}

}  // namespace ctorch
