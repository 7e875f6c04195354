import CTorch

/// What libtorch is and how it runs in this process.
public enum Runtime {
  /// The version of libtorch that this was built against, as "2.13.0".
  public static var version: String { String(cString: ct_version()) }

  /// The instruction set that libtorch's CPU kernels use, as "AVX2".
  public static var cpuCapability: String {
    var name: UnsafePointer<CChar>?
    mustSucceed("cpuCapability", ct_cpu_capability(&name))
    return name.map { String(cString: $0) } ?? ""
  }

  /// libtorch's own account of how it was built.
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

  /// Lets float32 products on CUDA use TF32, and cuDNN choose its kernels by measuring.
  public static func preferSpeedOnCUDA() {
    mustSucceed("preferSpeedOnCUDA", ct_set_cuda_speed(true, true))
  }
}
