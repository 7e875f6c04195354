import Foundation

/// Locks an open file for this process until the process closes it or ends.
///
/// On file systems without locks, the lock has no effect: every process seems to get it.
///
/// - Returns: false if another process holds the lock.
public func lockFile(_ descriptor: Int32) -> Bool {
  flock(descriptor, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK
}
