import Foundation

/// Keeps memory that tensors give back for the next ones.
///
/// glibc returns large blocks to the system at once, and each training step then pays for fresh, zeroed pages
/// again. This is a setting of the whole process, so the executable makes it and not a library. Does nothing with other C
/// libraries.
func keepFreedMemory() {
  #if canImport(Glibc)
    // <malloc.h> is not part of Swift's module Glibc.
    let (M_TRIM_THRESHOLD, M_MMAP_MAX): (CInt, CInt) = (-1, -4)
    typealias Mallopt = @convention(c) (CInt, CInt) -> CInt
    guard let address = dlsym(nil, "mallopt") else { return }
    let mallopt = unsafeBitCast(address, to: Mallopt.self)
    _ = mallopt(M_MMAP_MAX, 0)
    _ = mallopt(M_TRIM_THRESHOLD, .max)
  #endif
}
