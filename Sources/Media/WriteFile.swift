import Foundation
import SafeFiles

/// Makes or replaces a file with these bytes, completely or not at all.
func writeFile(_ bytes: [UInt8], to path: String) throws(MediaError) {
  do {
    try replaceFile(at: path, with: Data(bytes))
  } catch {
    throw MediaError(error)
  }
}
