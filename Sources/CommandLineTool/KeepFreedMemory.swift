import Foundation
import Torch

/// Keeps memory that tensors and decoded pictures release for later ones.
///
/// glibc returns large blocks to the system immediately, so that each of them pays for fresh, zeroed pages again. This
/// setting affects the whole process, so the executable makes it and not a library. It has no effect with other C libraries.
func keepFreedMemory() {
  Runtime.keepFreedMemory()
  #if canImport(Glibc)
    // <malloc.h> is not part of Swift's Glibc module.
    let (M_TRIM_THRESHOLD, M_MMAP_MAX): (CInt, CInt) = (-1, -4)
    typealias Mallopt = @convention(c) (CInt, CInt) -> CInt
    guard let address = dlsym(nil, "mallopt") else { return }
    let mallopt = unsafeBitCast(address, to: Mallopt.self)
    _ = mallopt(M_MMAP_MAX, 0)
    _ = mallopt(M_TRIM_THRESHOLD, .max)
  #endif
}
