using System.Collections;
using System.ComponentModel.DataAnnotations;

namespace Portal.Api.Http;

/// <summary>Nothing in a list, in the lists in it, or among the values of a map is null.</summary>
[AttributeUsage(AttributeTargets.Property | AttributeTargets.Parameter)]
internal sealed class NoNullsAttribute() : ValidationAttribute("The field {0} must not have null in it.")
{
    public override bool IsValid(object? value) => value switch
    {
        IReadOnlyDictionary<string, string> map => !map.Values.Any(item => item is null),
        string => true,
        IEnumerable list => list.Cast<object?>().All(item => item is not null && IsValid(item)),
        _ => true,
    };
}
