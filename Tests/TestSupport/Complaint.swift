/// The text of the error that an operation throws; "no error" if it throws none.
public func complaint<Result>(_ body: () throws -> Result) -> String {
  do {
    _ = try body()
    return "no error"
  } catch { return "\(error)" }
}
