/// What an operation is refused with; "no error" if it is not.
public func complaint<Result>(_ body: () throws -> Result) -> String {
  do {
    _ = try body()
    return "no error"
  } catch { return "\(error)" }
}
