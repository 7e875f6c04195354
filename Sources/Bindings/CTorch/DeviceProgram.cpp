// Compiles and launches kernels through NVRTC and CUDA's driver, without headers or libraries of CUDA at build time.

#include "DeviceProgram.h"

#include <c10/core/Stream.h>
#include <c10/core/impl/VirtualGuardImpl.h>
#include <c10/util/Exception.h>
#include <dlfcn.h>

namespace ctorch {
namespace {

constexpr const char *advice = "; set MOSI_GPU_KERNELS=libtorch to run without kernels of mosi";

// The functions of NVRTC and of the driver that are needed, as their manuals declare them. All return 0 for success.
struct Driver {
  using Program = void *;

  int (*create)(Program *, const char *source, const char *name, int headers, const char *const *, const char *const *);
  int (*compile)(Program, int count, const char *const *options);
  int (*log_size)(Program, size_t *);
  int (*log)(Program, char *);
  int (*code_size)(Program, size_t *);
  int (*code)(Program, char *);
  int (*destroy)(Program *);
  int (*device)(int *handle, int index);
  int (*attribute)(int *value, int attribute, int device);
  int (*load)(void **module, const void *image);
  int (*function)(void **function, void *module, const char *name);
  int (*launch)(
      void *function, unsigned columns, unsigned rows, unsigned, unsigned threads, unsigned, unsigned,
      unsigned shared_bytes, void *stream, void **arguments, void **extra);

  Driver() {
    // libtorch's own stub of both. Symbols are found in the libraries that it needs, whatever their versions.
    void *const library = dlopen("libcaffe2_nvrtc.so", RTLD_NOW | RTLD_LOCAL);
    TORCH_CHECK(library != nullptr, "cannot load libtorch's compiler for CUDA: ", dlerror(), advice);
    find(library, create, "nvrtcCreateProgram");
    find(library, compile, "nvrtcCompileProgram");
    find(library, log_size, "nvrtcGetProgramLogSize");
    find(library, log, "nvrtcGetProgramLog");
    find(library, code_size, "nvrtcGetCUBINSize");
    find(library, code, "nvrtcGetCUBIN");
    find(library, destroy, "nvrtcDestroyProgram");
    find(library, device, "cuDeviceGet");
    find(library, attribute, "cuDeviceGetAttribute");
    find(library, load, "cuModuleLoadData");
    find(library, function, "cuModuleGetFunction");
    find(library, launch, "cuLaunchKernel");
  }

  template <typename Function>
  static void find(void *library, Function &function, const char *name) {
    function = reinterpret_cast<Function>(dlsym(library, name));
    TORCH_CHECK(function != nullptr, "libtorch's compiler for CUDA has no ", name, advice);
  }
};

const Driver &driver() {
  static const Driver loaded;
  return loaded;
}

void succeed(int status, const char *what) {
  TORCH_CHECK(status == 0, "cannot ", what, ": CUDA's error ", status, advice);
}

// The kernels as machine code of the device.
std::string compiled(const std::string &source, int index) {
  constexpr int major_attribute = 75, minor_attribute = 76;
  int device = 0, major = 0, minor = 0;
  succeed(driver().device(&device, index), "find the device");
  succeed(driver().attribute(&major, major_attribute, device), "query the device");
  succeed(driver().attribute(&minor, minor_attribute, device), "query the device");
  Driver::Program program = nullptr;
  succeed(driver().create(&program, source.c_str(), "mosi.cu", 0, nullptr, nullptr), "prepare kernels");
  const std::string architecture = "--gpu-architecture=sm_" + std::to_string(10 * major + minor);
  const char *const options[] = {architecture.c_str()};
  const int status = driver().compile(program, 1, options);
  std::string text;
  size_t size = 0;
  if (status != 0) {
    if (driver().log_size(program, &size) == 0) {
      text.resize(size);
      driver().log(program, text.data());
    }
  } else if (driver().code_size(program, &size) == 0) {
    text.resize(size);
    driver().code(program, text.data());
  }
  driver().destroy(&program);
  TORCH_CHECK(status == 0, "cannot compile kernels for ", architecture, ": error ", status, advice, "\n", text);
  return text;
}

}  // namespace

void *DeviceProgram::function(const std::string &kernel, c10::Device device) {
  const int index = device.index();
  const std::lock_guard lock(mutex_);
  void *&function = functions_[{index, kernel}];
  if (function == nullptr) {
    void *&module = modules_[index];
    if (module == nullptr) {
      const std::string code = compiled(source_, index);
      succeed(driver().load(&module, code.data()), "load kernels");
    }
    succeed(driver().function(&function, module, kernel.c_str()), "find a kernel");
  }
  return function;
}

void DeviceProgram::launch(
    const std::string &kernel, c10::Device device, Grid grid, std::vector<void *> arguments) {
  void *const launched = function(kernel, device);
  const c10::Stream stream = c10::impl::VirtualGuardImpl(device.type()).getStream(device);
  succeed(
      driver().launch(
          launched, grid.columns, grid.rows, 1, grid.threads, 1, 1, 0, stream.native_handle(), arguments.data(),
          nullptr),
      "launch a kernel");
}

}  // namespace ctorch
