import ArgumentParser

// Options that had another name in earlier versions are declared twice: under their name, and hidden under the old one.

/// The value of a renamed option.
///
/// - Parameters:
///   - name: its name, such as `--stage`.
///   - value: the value given under that name.
///   - oldName: its name in earlier versions.
///   - oldValue: the value given under the old name.
/// - Throws: `ValidationError` if both are given.
func renamed<Value>(_ name: String, _ value: Value?, from oldName: String, _ oldValue: Value?)
  throws -> Value?
{
  guard value == nil || oldValue == nil else {
    throw ValidationError("\(oldName) is the old name of \(name): give only one of them")
  }
  return value ?? oldValue
}

/// The values of a renamed option that takes several; empty if none is given.
///
/// - Throws: `ValidationError` if both names are given.
func renamed<Value>(
  _ name: String, _ values: [Value], from oldName: String, _ oldValues: [Value]
) throws -> [Value] {
  try renamed(
    name, values.isEmpty ? nil : values, from: oldName, oldValues.isEmpty ? nil : oldValues) ?? []
}
