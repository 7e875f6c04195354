import Foundation

/// Locks an open file for this process until it closes it or ends.
///
/// File systems without locks do not help: there each process gets what looks like the lock.
///
/// - Returns: false if another process holds the lock.
public func lockFile(_ descriptor: Int32) -> Bool {
  flock(descriptor, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK
}
