/// Attention of `queries` [..., L, E] to `keys` [..., S, E] with `values` [..., S, V] (Vaswani et al. 2017): the softmax over
/// S of the products, divided by the root of E, weighs the values; [..., L, V]. The leading axes are batch and heads.
public func scaledDotProductAttention(_ queries: Tensor, _ keys: Tensor, _ values: Tensor) -> Tensor
{
  Operators.scaledDotProductAttention(.tensor(queries), .tensor(keys), .tensor(values))
}
