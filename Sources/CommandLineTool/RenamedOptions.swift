import ArgumentParser

// Options that had another name in earlier versions are declared twice: with their current name, and hidden with the
// former one.

/// The value of a renamed option.
///
/// - Parameters:
///   - name: the current name, such as `--stage`.
///   - value: the value given with the current name.
///   - oldName: the name in earlier versions.
///   - oldValue: the value given with the former name.
/// - Throws: `ValidationError` if both are given.
func renamed<Value>(_ name: String, _ value: Value?, from oldName: String, _ oldValue: Value?)
  throws -> Value?
{
  guard value == nil || oldValue == nil else {
    throw ValidationError("\(oldName) is the old name of \(name): give only one of them")
  }
  return value ?? oldValue
}

/// The values of a renamed option with several values; empty if none are given.
///
/// - Throws: `ValidationError` if both names are used.
func renamed<Value>(
  _ name: String, _ values: [Value], from oldName: String, _ oldValues: [Value]
) throws -> [Value] {
  try renamed(
    name, values.isEmpty ? nil : values, from: oldName, oldValues.isEmpty ? nil : oldValues) ?? []
}
