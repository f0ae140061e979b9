namespace Portal.Web.Live;

/// <summary>The samples of the last minutes, oldest first.</summary>
/// <param name="time">When a sample was taken.</param>
/// <param name="length">How far back samples are kept, from the newest.</param>
internal sealed class SampleWindow<T>(Func<T, DateTimeOffset> time, TimeSpan length) where T : class
{
    private readonly List<T> _samples = [];

    public IReadOnlyList<T> Samples => _samples;

    public T? Newest => _samples.Count > 0 ? _samples[^1] : null;

    public void Clear() => _samples.Clear();

    /// <summary>Adds samples in order. One that is not newer than the last is ignored: it is a repeat after subscribing again.</summary>
    public void Add(IReadOnlyList<T> samples)
    {
        foreach (var sample in samples)
        {
            if (_samples.Count == 0 || time(sample) > time(_samples[^1]))
            {
                _samples.Add(sample);
            }
        }

        if (_samples.Count > 0)
        {
            var oldest = time(_samples[^1]) - length;
            var expired = _samples.FindIndex(sample => time(sample) >= oldest);
            if (expired > 0)
            {
                _samples.RemoveRange(0, expired);
            }
        }
    }
}
