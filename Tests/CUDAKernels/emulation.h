// Runs kernels of CUDA on the CPU, a thread for each thread of a block, to test what they compute on machines without a GPU.
#pragma once

#include <barrier>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <thread>
#include <vector>

using std::fmax, std::sqrt;

struct Index {
  unsigned x, y, z;
};
struct uint2 {
  unsigned x, y;
};
struct uint4 {
  unsigned x, y, z, w;
};

inline thread_local Index threadIdx, blockIdx;
inline Index blockDim, gridDim;
inline std::barrier<> *meeting;

#define __global__
#define __device__ static inline
#define __shared__ static  // blocks run one after the other

inline void __syncthreads() { meeting->arrive_and_wait(); }

inline float __uint_as_float(unsigned bits) {
  float number;
  std::memcpy(&number, &bits, sizeof number);
  return number;
}

inline unsigned __float_as_uint(float number) {
  unsigned bits;
  std::memcpy(&bits, &number, sizeof bits);
  return bits;
}

inline float __shfl_down_sync(unsigned, float value, int distance) {
  static float values[1024];
  values[threadIdx.x] = value;
  meeting->arrive_and_wait();
  const unsigned from = threadIdx.x + distance;
  const float result = threadIdx.x % 32 + distance < 32 && from < blockDim.x ? values[from] : value;
  meeting->arrive_and_wait();
  return result;
}

// Runs `kernel` in a grid of columns x rows blocks.
inline void launch(unsigned columns, unsigned rows, unsigned threads, const std::function<void()> &kernel) {
  gridDim = {columns, rows, 1};
  blockDim = {threads, 1, 1};
  std::barrier<> barrier(threads);
  meeting = &barrier;
  std::vector<std::thread> team;
  for (unsigned thread = 0; thread < threads; thread++) {
    team.emplace_back([&, thread] {
      threadIdx = {thread, 0, 0};
      for (unsigned row = 0; row < rows; row++) {
        for (unsigned column = 0; column < columns; column++) {
          blockIdx = {column, row, 0};
          kernel();
          barrier.arrive_and_wait();
        }
      }
    });
  }
  for (auto &thread : team) thread.join();
}

inline bool failed = false;

inline void expect(const char *what, double difference, double bound) {
  if (difference <= bound) return;
  std::printf("%s differs by %g, more than %g\n", what, difference, bound);
  failed = true;
}

// Numbers in -1...1.
inline std::vector<float> random_numbers(size_t count, unsigned seed) {
  std::vector<float> numbers(count);
  for (auto &number : numbers) {
    seed = seed * 1664525 + 1013904223;
    number = static_cast<float>(seed >> 8) / (1 << 23) - 1;
  }
  return numbers;
}
