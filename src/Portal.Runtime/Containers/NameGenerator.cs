using System.Security.Cryptography;

namespace Portal.Runtime.Containers;

/// <summary>Names for containers that were given none: an adjective and the surname of someone who moved science or engineering on.</summary>
internal static class NameGenerator
{
    private static readonly string[] s_adjectives =
    [
        "able", "amber", "ample", "apt", "bold", "brave", "bright", "brisk", "calm", "candid", "careful", "cheerful", "clear", "clever", "cosy", "crisp", "curious",
        "daring", "deft", "eager", "earnest", "fair", "fast", "festive", "fine", "fond", "frank", "fresh", "friendly", "gentle", "glad", "golden", "grand", "happy",
        "hardy", "honest", "hopeful", "humble", "jolly", "keen", "kind", "lively", "loyal", "lucid", "lucky", "mellow", "merry", "mild", "modest", "neat", "noble",
        "patient", "placid", "plucky", "polite", "prompt", "proud", "quick", "quiet", "ready", "serene", "sharp", "silent", "sleek", "smooth", "snug", "solid", "spry",
        "steady", "stoic", "sturdy", "sunny", "swift", "tidy", "upbeat", "vivid", "warm", "wise", "witty", "zesty",
    ];

    private static readonly string[] s_surnames =
    [
        "archimedes", "babbage", "banach", "bardeen", "bartik", "bell", "blackwell", "bohr", "boole", "bose", "brattain", "carson", "cerf", "chandrasekhar", "cori",
        "curie", "darwin", "dijkstra", "dirac", "easley", "einstein", "elion", "engelbart", "euclid", "euler", "faraday", "fermat", "fermi", "feynman", "franklin",
        "galileo", "galois", "gauss", "germain", "goodall", "hamilton", "hawking", "heisenberg", "hertz", "hodgkin", "hopper", "hypatia", "jemison", "joliot", "kalam",
        "keldysh", "kepler", "khayyam", "kirch", "knuth", "kovalevskaya", "lamarr", "lamport", "leavitt", "liskov", "lovelace", "maxwell", "mayer", "mcclintock",
        "meitner", "mendel", "mendeleev", "mirzakhani", "newton", "nightingale", "nobel", "noether", "pascal", "pasteur", "perlman", "planck", "ptolemy", "raman",
        "ramanujan", "ride", "ritchie", "sammet", "shannon", "shockley", "sinoussi", "somerville", "tesla", "thompson", "torvalds", "tu", "turing", "volhard",
        "wescoff", "wiles", "wing", "wozniak", "wright", "wu", "yalow", "yonath",
    ];

    /// <summary>A name; from the third attempt on with a number behind it.</summary>
    /// <param name="attempt">How many were taken already.</param>
    public static string Invent(int attempt)
    {
        var name = $"{s_adjectives[RandomNumberGenerator.GetInt32(s_adjectives.Length)]}_{s_surnames[RandomNumberGenerator.GetInt32(s_surnames.Length)]}";
        return attempt < 2 ? name : name + RandomNumberGenerator.GetInt32(10, 10_000);
    }
}
