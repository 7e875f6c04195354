import Foundation

/// Writes a file whole or not at all: aside first, then renamed into place.
///
/// Throws `FigureError.cannotWrite`; nothing is then left behind, and an older file stays as it was.
func writeWholeFile(_ bytes: [UInt8], to path: String) throws {
  let aside = "\(path).\(UUID().uuidString).partial"
  // The reason must be read before other calls overwrite errno.
  func failure() -> FigureError {
    .cannotWrite(path: path, reason: String(cString: strerror(errno)).lowercased())
  }
  guard let file = fopen(aside, "wb") else { throw failure() }
  let written = fwrite(bytes, 1, bytes.count, file) == bytes.count
  var error: FigureError? = written ? nil : failure()
  if fclose(file) != 0, error == nil { error = failure() }
  if error == nil, rename(aside, path) != 0 { error = failure() }
  if let error {
    remove(aside)
    throw error
  }
}
