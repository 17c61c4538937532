/// Asks for many entries to be removed.
public typealias DeleteManyRequest = KeyBatchRequest

/// The answer to a DeleteMany.
public typealias DeleteManyResponse = BatchResponse<DeleteResult>

/// What a DeleteMany says about one key.
public typealias DeleteResult = WriteResult<DeleteResponse>
