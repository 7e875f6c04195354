// The vector code of all kernels, in clang's vector types. Processors.cpp includes it once for each set of instructions
// (so it has no include guard) and defines the lanes of vectors and the rows of a product that registers hold.

// The widest vector.
typedef float Wide __attribute__((vector_size(4 * MOSI_LANES)));
// For what a wide one leaves over.
typedef float Narrow __attribute__((vector_size(4 * MOSI_NARROW_LANES)));

#define MOSI_UNROLL _Pragma("clang loop unroll(full)")
#define MOSI_INLINE static inline __attribute__((always_inline))

template <typename Vector>
MOSI_INLINE Vector load(const float *from) {
  Vector value;
  __builtin_memcpy(&value, from, sizeof value);
  return value;
}

template <typename Vector>
MOSI_INLINE Vector splat(float value) {
  return value - Vector{};
}

template <typename Vector>
MOSI_INLINE void store(float *to, Vector value) {
  __builtin_memcpy(to, &value, sizeof value);
}

#include "ProductCode.h"
#include "TransformCode.h"
#include "PatchCode.h"
#include "NormalizationCode.h"
#include "ColorCode.h"
#include "PoolingCode.h"

const Processor processor = {
    MOSI_LANES,
    multiply,
    accumulate,
    gather,
    transpose,
    add_moments,
    normalize,
    add_gradients,
    input_gradient,
    jitter_colors,
    normalize_colors,
    max_pixel,
    max_pixel_gradient,
    {spread_places<ToPoints, 1>, spread_places<ToPoints, 2>},
    {spread_places<Spread, 1>, spread_places<Spread, 2>},
    {collect_places<FromPoints, 1>, collect_places<FromPoints, 2>},
    {transform_strided<FilterToPoints, 1>, transform_strided<FilterToPoints, 2>},
    {transform_strided<FilterFromPoints, 1>, transform_strided<FilterFromPoints, 2>},
};

#undef MOSI_UNROLL
#undef MOSI_INLINE
