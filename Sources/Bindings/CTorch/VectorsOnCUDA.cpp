#include "VectorsOnCUDA.h"

#include <c10/util/Exception.h>

#include <memory>
#include <tuple>

namespace ctorch {
namespace {

// Before this come the definitions of V, Raw (the bytes of V elements) and TYPE (0: float32, 1: bfloat16, 2: float16).
constexpr const char *elements = R"cuda(
#if TYPE == 0
typedef float Element;
__device__ float number(Element element) { return element; }
__device__ Element element(float number) { return number; }
#elif TYPE == 1
typedef unsigned short Element;
__device__ float number(Element element) { return __uint_as_float((unsigned)element << 16); }
__device__ Element element(float number) {
  const unsigned bits = __float_as_uint(number);
  if (number != number) return 0x7fc0;
  // To the nearest, and to even in the middle.
  return (bits + 0x7fff + ((bits >> 16) & 1)) >> 16;
}
#else
typedef unsigned short Element;
__device__ float number(Element element) {
  float number;
  asm("cvt.f32.f16 %0, %1;" : "=f"(number) : "h"(element));
  return number;
}
__device__ Element element(float number) {
  Element element;
  asm("cvt.rn.f16.f32 %0, %1;" : "=h"(element) : "f"(number));
  return element;
}
#endif

union Pack {
  Raw raw;
  Element elements[V];
};

struct Numbers {
  float values[V];
};

__device__ Numbers load(const Element *from) {
  Pack pack;
  pack.raw = *(const Raw *)from;
  Numbers result;
  for (int i = 0; i < V; i++) result.values[i] = number(pack.elements[i]);
  return result;
}

__device__ void store(Element *to, Numbers numbers) {
  Pack pack;
  for (int i = 0; i < V; i++) pack.elements[i] = element(numbers.values[i]);
  *(Raw *)to = pack.raw;
}
)cuda";

}  // namespace

int64_t vector_size(c10::ScalarType type, int64_t channels) {
  int64_t size = 16 / static_cast<int64_t>(c10::elementSize(type));
  while (channels % size != 0) size /= 2;
  return size;
}

DeviceProgram &vector_program(const char *kernels, c10::ScalarType type, int64_t size) {
  TORCH_CHECK(type == c10::kFloat || type == c10::kBFloat16 || type == c10::kHalf,
              "kernels of mosi need float32, bfloat16 or float16, not ", type);
  static std::mutex mutex;
  static std::map<std::tuple<const char *, c10::ScalarType, int64_t>, std::unique_ptr<DeviceProgram>> programs;
  const std::lock_guard lock(mutex);
  auto &found = programs[{kernels, type, size}];
  if (!found) {
    const int64_t bytes = size * static_cast<int64_t>(c10::elementSize(type));
    const char *const raw = bytes == 16 ? "uint4" : bytes == 8 ? "uint2" : bytes == 4 ? "unsigned" : "unsigned short";
    const char *const number = type == c10::kFloat ? "0" : type == c10::kBFloat16 ? "1" : "2";
    found = std::make_unique<DeviceProgram>(
        std::string("typedef ") + raw + " Raw;\n#define V " + std::to_string(size) + "\n#define TYPE " + number + "\n"
        + elements + kernels);
  }
  return *found;
}

}  // namespace ctorch
