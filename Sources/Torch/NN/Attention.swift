/// Scaled dot-product attention (Vaswani et al. 2017) of `queries` [..., L, E] to `keys` [..., S, E] with `values` [...,
/// S, V]: the values are weighted by the softmax over S of the products divided by √E. Returns [..., L, V]. The leading
/// axes are batch and heads.
public func scaledDotProductAttention(_ queries: Tensor, _ keys: Tensor, _ values: Tensor) -> Tensor
{
  Operators.scaledDotProductAttention(.tensor(queries), .tensor(keys), .tensor(values))
}
