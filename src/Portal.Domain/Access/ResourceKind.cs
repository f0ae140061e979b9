namespace Portal.Domain.Access;

/// <summary>What lies on a host and can be given to people one by one.</summary>
public enum ResourceKind
{
    Container,
    Image,
    Network,
    Volume,
}
