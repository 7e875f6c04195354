import Foundation

/// Why the file at `path` cannot have the expected content: it is empty, or a Git LFS pointer whose content was not
/// fetched. The predicate of a sentence whose subject is the file; nil for other files.
public func standIn(at path: String) -> String? {
  guard let status = fileStatus(at: path), status.kind == .file, status.size <= 1024 else {
    return nil
  }
  if status.size == 0 { return "is empty" }
  guard let content = try? readFile(at: path),
    content.starts(with: "version https://git-lfs.github.com/spec/".utf8)
  else { return nil }
  return "is a Git LFS pointer, not the file itself: fetch it with git lfs pull"
}
