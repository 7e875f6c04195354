#include "Threads.h"

#include <algorithm>
#include <atomic>

#if defined(__APPLE__)
#include <dispatch/dispatch.h>
#else
#include <dlfcn.h>
#endif

namespace mosi {
namespace {

struct Team {
  int count;
  void (*body)(void *, int, int);
  void *context;
  std::atomic<int> next_task{0}, next_worker{0};

  static void work(void *pointer) {
    Team &team = *static_cast<Team *>(pointer);
    const int worker = team.next_worker.fetch_add(1, std::memory_order_relaxed);
    for (int task; (task = team.next_task.fetch_add(1, std::memory_order_relaxed)) < team.count;) {
      team.body(team.context, task, worker);
    }
  }
};

#if defined(__APPLE__)
void run_team(Team &team, int threads) {
  dispatch_apply_f(static_cast<size_t>(threads), DISPATCH_APPLY_AUTO, &team,
                   [](void *pointer, size_t) { Team::work(pointer); });
}
#else
using GOMPParallel = void (*)(void (*)(void *), void *, unsigned, unsigned);

// The Swift toolchain's clang has no OpenMP, and libtorch's functions for parallel loops are templates that need it. The
// threads of libtorch are those of the OpenMP library that it brings, and this is that library's entry. Within a parallel
// region it runs a team of one.
void run_team(Team &team, int threads) {
  static const auto parallel = reinterpret_cast<GOMPParallel>(dlsym(RTLD_DEFAULT, "GOMP_parallel"));
  if (parallel == nullptr) return Team::work(&team);
  parallel(Team::work, &team, static_cast<unsigned>(threads), 0);
}
#endif

}  // namespace

void run_tasks(int threads, int count, void (*body)(void *, int, int), void *context) noexcept {
  Team team{count, body, context};
  threads = std::min(threads, count);
  if (threads <= 1) return Team::work(&team);
  run_team(team, threads);
}

}  // namespace mosi
