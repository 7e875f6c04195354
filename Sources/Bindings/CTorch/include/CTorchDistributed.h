// The C ABI over c10d, libtorch's engine for several processes: the store through which they meet, the group in which
// they exchange tensors, and the reducer that sums gradients while they are computed.
//
// The conventions are those of CTorch.h, which includes this file. A call that exchanges something returns once that is
// done, on a CUDA device once it is queued. Errors of the exchange have the kind CT_ERROR_PEER.
#ifndef CTORCH_DISTRIBUTED_H
#define CTORCH_DISTRIBUTED_H

#include "CTorch.h"

#ifdef __cplusplus
extern "C" {
#endif

// --- The store ---------------------------------------------------------------------------------------

// A connection to a table of bytes that one process serves over TCP.
typedef struct ct_store_impl *ct_store;

// Connects to `host`:`port`, within `timeout_ms`; with `serves`, this process serves the table there first. Port 0 lets
// the server take a free one. `prefix` is put before every key.
ct_error *ct_store_create(const char *host, int32_t port, bool serves, const char *prefix, int64_t timeout_ms,
                          ct_store *store);
void ct_store_release(ct_store store) CT_NOEXCEPT;
ct_error *ct_store_port(ct_store store, int32_t *port);
ct_error *ct_store_set(ct_store store, const char *key, const void *data, int64_t bytes);
// The value of a key, which the caller frees with ct_bytes_free, or NULL if there is none yet.
ct_error *ct_store_get(ct_store store, const char *key, void **data, int64_t *bytes);
void ct_bytes_free(void *data) CT_NOEXCEPT;

// --- The group ---------------------------------------------------------------------------------------

typedef struct ct_process_group_impl *ct_process_group;

// True if tensors on CUDA devices are exchanged by NCCL; otherwise Gloo carries them through the memory of the hosts.
bool ct_has_nccl(void) CT_NOEXCEPT;

// Joins `size` processes that create their groups with stores on the same table; returns when all are there.
// `address` is where this host is reached by the others: the name of an interface if `is_interface`, else a host name or
// number. Tensors on the CPU go by Gloo, those on `device` by NCCL where it was compiled. An exchange that takes longer
// than `timeout_ms` fails.
ct_error *ct_process_group_create(ct_store store, int32_t rank, int32_t size, const char *address, bool is_interface,
                                  ct_device device, int64_t timeout_ms, ct_process_group *group);
void ct_process_group_release(ct_process_group group) CT_NOEXCEPT;

typedef enum ct_reduction {
  CT_REDUCE_SUM = 0,
  CT_REDUCE_MIN = 1,
  CT_REDUCE_MAX = 2,
} ct_reduction;

// Replaces the elements of `tensor` by their sum, least or greatest over all processes.
ct_error *ct_all_reduce(ct_process_group group, ct_tensor tensor, ct_reduction reduction);
// A new tensor, the sum of `tensor` over all processes. Autograd sums the gradients of all processes on the way back.
ct_error *ct_all_reduce_recorded(ct_process_group group, ct_tensor tensor, ct_tensor *sum);
// Replaces the elements of `tensors` by those of the process `root`.
ct_error *ct_broadcast(ct_process_group group, const ct_tensor *tensors, int32_t count, int32_t root);
// `tensor` of every process, by rank, into `results`.
ct_error *ct_all_gather(ct_process_group group, ct_tensor tensor, ct_tensor *results);

// --- The reducer -------------------------------------------------------------------------------------

// Averages the gradients of parameters over the processes, bucket by bucket, while a backward pass computes the rest.
typedef struct ct_reducer_impl *ct_reducer;

// Every parameter must receive a gradient in each backward pass that is reduced. The gradients are unset afterwards.
ct_error *ct_reducer_create(ct_process_group group, const ct_tensor *parameters, int32_t count, int64_t bucket_bytes,
                            ct_reducer *reducer);
// The backward pass of `loss`. With `reduces`, what the parameters' gradients then hold is averaged over the processes.
ct_error *ct_reducer_backward(ct_reducer reducer, ct_tensor loss, bool reduces);
void ct_reducer_release(ct_reducer reducer) CT_NOEXCEPT;

#ifdef __cplusplus
}
#endif
#endif
