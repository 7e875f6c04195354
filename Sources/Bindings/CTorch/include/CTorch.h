// The C ABI over libtorch: one boxed call that reaches every operator of its dispatcher, and a function
// for each thing that is not an operator (autograd, modes, bytes in and out, devices, seeds).
//
// Conventions
// - A `ct_tensor` is a TensorImpl with one strong reference, which the receiver of the handle holds; ct_tensor_release
//   releases it. Functions only borrow the handles that they are passed: the caller keeps them alive until the call
//   returns.
// - Nothing throws. Functions in which libtorch can fail return NULL on success, or else an error that the caller frees
//   with ct_error_free. The others (CT_NOEXCEPT) only access reference counts, thread-local flags and constants, which
//   cannot fail.
#ifndef CTORCH_H
#define CTORCH_H

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
#define CT_NOEXCEPT noexcept  // ends the program instead of unwinding Swift's frames
extern "C" {
#else
#define CT_NOEXCEPT
#endif

typedef struct ct_tensor_impl *ct_tensor;

// --- Errors --------------------------------------------------------------------------------------

typedef enum ct_error_kind {
  CT_ERROR_LIBTORCH = 0,       // any c10::Error that has no kind of its own
  CT_ERROR_OUT_OF_MEMORY = 1,  // an allocator, of host or device, refused
  CT_ERROR_NOT_IMPLEMENTED = 2,
  CT_ERROR_INDEX = 3,
  CT_ERROR_TYPE = 4,
  CT_ERROR_VALUE = 5,
  CT_ERROR_LINALG = 6,
  CT_ERROR_OTHER = 7,          // not libtorch's: std::exception or worse
  CT_ERROR_PEER = 8,           // an exchange with other processes failed
} ct_error_kind;

typedef struct ct_error {
  ct_error_kind kind;
  char *message;  // UTF-8, libtorch's own text without its backtrace
} ct_error;

void ct_error_free(ct_error *error) CT_NOEXCEPT;

// --- Devices -------------------------------------------------------------------------------------

// A kind of device; the numbers are libtorch's.
typedef enum ct_device_type {
  CT_DEVICE_CPU = 0,
  CT_DEVICE_CUDA = 1,
  CT_DEVICE_META = 14,
} ct_device_type;

typedef struct ct_device {
  int32_t type;   // a ct_device_type; of tensors that others made also another of libtorch's numbers
  int32_t index;  // -1 if there is but one device of the type
} ct_device;

// --- Values --------------------------------------------------------------------------------------

typedef enum ct_tag {
  CT_NONE = 0,
  CT_TENSOR = 1,  // tensor; NULL is None
  CT_INT = 2,     // also dtypes, layouts and memory formats
  CT_DOUBLE = 3,
  CT_BOOL = 4,
  CT_DEVICE = 5,
  CT_INT_LIST = 6,              // list of int64_t
  CT_TENSOR_LIST = 7,           // list of ct_tensor
  CT_OPTIONAL_TENSOR_LIST = 8,  // list of ct_tensor, NULL is None
  CT_DEFAULT = 9,               // the schema's default value
  CT_GENERATOR = 10,            // generator; NULL is None, for which libtorch takes the process's own
} ct_tag;

typedef struct ct_generator_impl *ct_generator;

typedef struct ct_value {
  ct_tag tag;
  int64_t count;  // elements of a list
  union {
    ct_tensor tensor;
    int64_t integer;
    double real;
    bool boolean;
    ct_device device;
    ct_generator generator;
    const void *list;
  } as;
} ct_value;

// --- The boxed call --------------------------------------------------------------------------------

// An operator, found by its name and overload ("aten::add", "Tensor"). It lives as long as the process.
typedef const struct ct_operator_impl *ct_operator;
ct_error *ct_operator_find(const char *name, const char *overload, ct_operator *found);

// Calls `op` with `count` positional arguments; missing ones have the schema's defaults. Results are flattened into a new
// array (one element per tensor, the elements of tensor lists, and numbers), which the caller frees with ct_values_free.
// The caller owns the tensors in it. After an error there are no results.
ct_error *ct_call(ct_operator op, const ct_value *arguments, int32_t count, ct_value **results,
                  int32_t *result_count);
// Frees only the array. NULL is allowed.
void ct_values_free(ct_value *values) CT_NOEXCEPT;

// --- Tensors ---------------------------------------------------------------------------------------

void ct_tensor_release(ct_tensor tensor) CT_NOEXCEPT;
// Another handle of the same tensor.
ct_tensor ct_tensor_share(ct_tensor tensor) CT_NOEXCEPT;
// The number of live handles, for tests that detect leaks.
int64_t ct_tensor_live_handles(void) CT_NOEXCEPT;
// The number of strong references to the tensor, for tests of lifetimes.
int64_t ct_tensor_reference_count(ct_tensor tensor) CT_NOEXCEPT;

typedef struct ct_tensor_info {
  int32_t rank;
  int32_t dtype;           // libtorch's ScalarType
  ct_device device;
  bool requires_grad;
  const int64_t *sizes;    // `rank` numbers inside the tensor: valid until it is changed or released
  const int64_t *strides;  // likewise; NULL for tensors without strides (sparse ones)
} ct_tensor_info;
ct_error *ct_tensor_describe(ct_tensor tensor, ct_tensor_info *info);
ct_error *ct_tensor_is_contiguous(ct_tensor tensor, int64_t memory_format, bool *is_contiguous);

// A new tensor with this shape on the CPU, with a copy of the `bytes` bytes at `data`.
ct_error *ct_tensor_from_bytes(const void *data, int64_t bytes, const int64_t *sizes, int32_t rank,
                               int32_t dtype, ct_tensor *result);
// Copies the elements, in row-major order and from any device, into `data`, which has exactly `bytes` bytes.
ct_error *ct_tensor_copy_bytes(ct_tensor tensor, void *data, int64_t bytes);

// --- Autograd ----------------------------------------------------------------------------------------

ct_error *ct_tensor_set_requires_grad(ct_tensor tensor, bool requires_grad);
// The accumulated gradient, or NULL; owned by the caller.
ct_error *ct_tensor_grad(ct_tensor tensor, ct_tensor *grad);
ct_error *ct_tensor_set_grad(ct_tensor tensor, ct_tensor grad);
// Makes `tensor` hold the data of `source` (dtype and device may change). Autograd does not record it.
ct_error *ct_tensor_set_data(ct_tensor tensor, ct_tensor source);
// Accumulates into the leaves' gradients; `gradient` may be NULL for a scalar.
ct_error *ct_backward(ct_tensor tensor, ct_tensor gradient, bool keep_graph);
// Gradients of `outputs` (with `output_gradients`, each of which may be NULL) with respect to `inputs`, NULL if an input
// was not used.
ct_error *ct_grad(const ct_tensor *outputs, const ct_tensor *output_gradients, int32_t output_count,
                  const ct_tensor *inputs, int32_t input_count, bool keep_graph,
                  ct_tensor *results);

// A function of a tensor that is computed once for its output, and again for its gradients.
typedef struct ct_computation {
  void *context;
  // The output, a new handle, for `input`, which it takes over. Called on any thread.
  ct_tensor (*compute)(void *context, ct_tensor input, bool again);
  // Called once, when nobody needs the computation any longer.
  void (*release)(void *context);
} ct_computation;
// The output of a computation of which autograd keeps only the input: the backward pass computes it again. Autograd must be
// recording. `parameters` are all other tensors that require a gradient and that the output depends on. Takes over the context,
// also after an error.
ct_error *ct_recomputed(ct_computation computation, ct_tensor input, const ct_tensor *parameters, int32_t count,
                        ct_tensor *output);

bool ct_grad_mode(void) CT_NOEXCEPT;
void ct_set_grad_mode(bool enabled) CT_NOEXCEPT;

// Autocast of the calling thread for devices of one type.
ct_error *ct_autocast(ct_device_type type, bool *enabled, int32_t *dtype);
ct_error *ct_set_autocast(ct_device_type type, bool enabled, int32_t dtype);
ct_error *ct_clear_autocast_cache(void);

// --- Random numbers ----------------------------------------------------------------------------------

// A new generator on a CPU or CUDA device. The caller releases it.
ct_error *ct_generator_create(ct_device device, uint64_t seed, ct_generator *generator);
// Restarts the generator: it then draws the numbers of a new one with this seed.
ct_error *ct_generator_seed(ct_generator generator, uint64_t seed);
void ct_generator_release(ct_generator generator) CT_NOEXCEPT;
// A copy of the generator's state, a tensor of bytes, and the way back.
ct_error *ct_generator_state(ct_generator generator, ct_tensor *state);
ct_error *ct_generator_set_state(ct_generator generator, ct_tensor state);

// --- Runtime -----------------------------------------------------------------------------------------

ct_error *ct_threads(int32_t *count);
ct_error *ct_set_threads(int32_t count);
// Makes large tensors on the CPU, and the intermediate results of kernels, reuse each other's memory from now on: it goes back to
// the system only if all together would take more than the tensors alone have taken at once.
ct_error *ct_keep_freed_memory(void);
// The version of libtorch's headers, "2.13.0".
const char *ct_version(void) CT_NOEXCEPT;
// A description of libtorch's build; the caller frees it with ct_string_free.
ct_error *ct_configuration(char **text);
// The instruction set of the CPU's kernels ("AVX2"); not to be freed.
ct_error *ct_cpu_capability(const char **name);
// Sets of vector instructions for which this library's own kernels are compiled, from the narrowest vectors to the widest.
typedef enum ct_vectors {
  CT_VECTORS_PLAIN = 0,
  CT_VECTORS_AVX2 = 1,
  CT_VECTORS_AVX512 = 2,
} ct_vectors;
ct_vectors ct_widest_vectors(void) CT_NOEXCEPT;
// Those of the calling thread: the widest unless they were set or MOSI_VECTORS names others.
ct_vectors ct_current_vectors(void) CT_NOEXCEPT;
void ct_use_vectors(ct_vectors vectors) CT_NOEXCEPT;
void ct_string_free(char *text) CT_NOEXCEPT;
// The number of usable CUDA devices. If there is none, the error has the reason.
ct_error *ct_cuda_device_count(int32_t *count);
ct_error *ct_cuda_synchronize(int32_t device);
// The free and the total bytes of memory of a CUDA device.
ct_error *ct_cuda_memory(
    int32_t device, int64_t *free_bytes, int64_t *total_bytes, int64_t *peak_bytes);
// Allows TF32 in CUDA matrix products and convolutions of float32, and lets cuDNN choose kernels by measuring.
ct_error *ct_set_cuda_speed(bool allow_tf32, bool benchmark_cudnn);

#ifdef __cplusplus
}
#endif

#include "CTorchDistributed.h"

#endif
