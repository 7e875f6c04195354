import CTorch
import Foundation

/// Information about libtorch, and settings of how it runs in this process.
public enum Runtime {
  /// The version of libtorch that this library was built against, such as "2.13.0".
  public static var version: String { String(cString: ct_version()) }

  /// The instruction set that libtorch's CPU kernels use, such as "AVX2".
  public static var cpuCapability: String {
    var name: UnsafePointer<CChar>?
    mustSucceed("cpuCapability", ct_cpu_capability(&name))
    return name.map { String(cString: $0) } ?? ""
  }

  /// libtorch's description of its build.
  public static var configuration: String {
    var text: UnsafeMutablePointer<CChar>?
    mustSucceed("configuration", ct_configuration(&text))
    defer { ct_string_free(text) }
    return text.map { String(cString: $0) } ?? ""
  }

  /// The number of threads that one operator may use on the CPU.
  public static var threads: Int {
    get {
      var count: Int32 = 0
      mustSucceed("threads", ct_threads(&count))
      return Int(count)
    }
    set { mustSucceed("threads", ct_set_threads(Int32(newValue))) }
  }

  /// Makes large tensors on the CPU reuse each other's memory from now on, in the whole process. Without it, each training step
  /// pays for fresh, zeroed pages again. Memory goes back to the system only if all of it would otherwise be more than the
  /// tensors have needed at once.
  public static func keepFreedMemory() {
    mustSucceed("keepFreedMemory", ct_keep_freed_memory())
  }

  /// Allows TF32 for float32 products on CUDA, and lets cuDNN choose its kernels by measuring them.
  ///
  /// - Parameter isFast: false for products in full float32, by the kernels that cuDNN chooses without measuring.
  public static func preferSpeedOnCUDA(_ isFast: Bool = true) {
    mustSucceed("preferSpeedOnCUDA", ct_set_cuda_speed(isFast, isFast))
  }

  /// The algorithms that convolutions on the CPU may use: within ``withConvolutions(_:_:)`` what it says, otherwise
  /// ``Convolutions/fastest`` unless the environment variable `MOSI_CONVOLUTIONS` is `direct`.
  public static var convolutions: Convolutions { Convolutions.current ?? .ofEnvironment }

  /// The algorithms that convolutions on the CPU may use.
  public enum Convolutions: String, Sendable {
    /// The fastest for each shape.
    case fastest
    /// Only direct convolution, as PyTorch computes it.
    case direct

    @TaskLocal fileprivate static var current: Convolutions?
    fileprivate static let ofEnvironment =
      ProcessInfo.processInfo.environment["MOSI_CONVOLUTIONS"].flatMap(Convolutions.init)
      ?? .fastest
  }

  /// Whose kernels run on GPUs: within ``withGPUKernels(_:_:)`` what it says, otherwise those of this library unless the
  /// environment variable `MOSI_GPU_KERNELS` is `libtorch`.
  public static var gpuKernels: GPUKernels { GPUKernels.current ?? .ofEnvironment }

  /// Whose kernels run on GPUs for batch normalization, max pooling and color jitter.
  public enum GPUKernels: String, Sendable {
    /// Those of libtorch.
    case libtorch
    /// Those of this library, which pass over memory less often. They are compiled when they are first used.
    case own

    @TaskLocal fileprivate static var current: GPUKernels?
    fileprivate static let ofEnvironment =
      ProcessInfo.processInfo.environment["MOSI_GPU_KERNELS"].flatMap(GPUKernels.init) ?? .own
  }

  /// Runs `body` with these kernels. Gradients are computed as the forward pass was. Rethrows errors of `body`.
  public static func withGPUKernels<Result>(_ kernels: GPUKernels, _ body: () throws -> Result)
    rethrows -> Result
  {
    try GPUKernels.$current.withValue(kernels, operation: body)
  }

  /// Runs `body` with these algorithms. Gradients are computed as the forward pass was. Rethrows errors of `body`.
  public static func withConvolutions<Result>(
    _ convolutions: Convolutions, _ body: () throws -> Result
  ) rethrows -> Result {
    try Convolutions.$current.withValue(convolutions, operation: body)
  }
}
