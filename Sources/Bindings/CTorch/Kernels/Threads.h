// Tasks on the threads of libtorch's own pool.
#ifndef MOSI_THREADS_H
#define MOSI_THREADS_H

namespace mosi {

/// Calls `body(context, task, worker)` for every task in 0..<count, on at most `threads` threads. Each thread is one
/// worker in 0..<threads. Which worker takes which task is not determined, so results must not depend on it.
void run_tasks(int threads, int count, void (*body)(void *context, int task, int worker), void *context) noexcept;

/// The same with a function object, which must not throw.
template <typename Body>
void each_task(int threads, int count, Body body) {
  run_tasks(
      threads, count, [](void *context, int task, int worker) { (*static_cast<Body *>(context))(task, worker); }, &body);
}

}  // namespace mosi

#endif
