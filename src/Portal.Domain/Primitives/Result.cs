namespace Portal.Domain.Primitives;

/// <summary>Outcome of a use case without a value: success, or the <see cref="Error"/>.</summary>
public readonly record struct Result(Error? Error)
{
    /// <summary>The one success.</summary>
    public static Result Success => default;

    /// <summary>True when there is no error.</summary>
    public bool IsSuccess => Error is null;

    /// <summary>A success with a value. For interfaces, which have no implicit conversions.</summary>
    public static Result<T> Of<T>(T value) => new(value, null);

    public static implicit operator Result(Error error) => new(error);
}

/// <summary>Outcome of a use case with a value.</summary>
public readonly record struct Result<T>
{
    private readonly T? _value;

    internal Result(T? value, Error? error) => (_value, Error) = (value, error);

    /// <summary>The failure, or null on success.</summary>
    public Error? Error { get; }

    /// <summary>True when there is a value.</summary>
    public bool IsSuccess => Error is null;

    /// <summary>The value; asking a failed result for it is a bug and throws.</summary>
    public T Value => Error is null ? _value! : throw new InvalidOperationException($"The result is an error: {Error.Message}");

    public static implicit operator Result<T>(T value) => new(value, null);

    public static implicit operator Result<T>(Error error) => new(default, error);
}
