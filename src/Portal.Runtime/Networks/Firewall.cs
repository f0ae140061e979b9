using Portal.Runtime.Linux;

namespace Portal.Runtime.Networks;

/// <summary>Keeps the rules of published ports in the kernel equal to what is known here. Safe for concurrent use.</summary>
internal sealed class Firewall(RuntimeOptions options, FlowReaper flows) : IDisposable
{
    private readonly Lock _gate = new();
    private readonly Dictionary<(string Map, string Key), PortRule> _ports = [];
    private Nftables? _nft;
    private uint _generation;
    private readonly bool _hasIPv6 = Directory.Exists("/proc/sys/net/ipv6");
    private IReadOnlyList<BridgeRules> _bridges = [];
    private string _skeleton = "";

    private string Table => options.BridgeName;

    /// <summary>Puts the table in place with exactly these bridges and ports.</summary>
    /// <exception cref="NftablesException">The kernel refused.</exception>
    public void Reset(IReadOnlyList<BridgeRules> bridges, IEnumerable<PortRule> ports)
    {
        lock (_gate)
        {
            _nft ??= new Nftables();
            _bridges = bridges;
            _ports.Clear();
            foreach (var port in ports)
            {
                _ports[(port.Map, port.Key)] = port;
            }

            PutTable(_nft);
        }
    }

    /// <summary>Puts other rules in place for the bridges; the ports stay.</summary>
    /// <exception cref="NftablesException">The kernel refused; nothing has changed.</exception>
    public void Change(IReadOnlyList<BridgeRules> bridges)
    {
        lock (_gate)
        {
            var nft = _nft ?? throw new InvalidOperationException("The rules are not set up.");
            var before = _bridges;
            _bridges = bridges;
            try
            {
                PutTable(nft);
            }
            catch (NftablesException)
            {
                _bridges = before;
                throw;
            }
        }
    }

    /// <summary>Takes ports away, absent ones are ignored, and publishes others: all or none, in one transaction.</summary>
    /// <exception cref="NftablesException">The kernel refused.</exception>
    public void Replace(IReadOnlyList<PortRule> removed, IReadOnlyList<PortRule> added)
    {
        lock (_gate)
        {
            removed = [.. removed.Where(p => _ports.Remove((p.Map, p.Key)))];
            if (removed.Count + added.Count == 0)
            {
                return;
            }

            var nft = _nft ?? throw new InvalidOperationException("The rules are not set up.");
            foreach (var port in added)
            {
                _ports[(port.Map, port.Key)] = port;
            }

            try
            {
                nft.Apply(Ruleset.Remove(Table, removed) + Ruleset.Add(Table, added));
                Count(nft);
            }
            catch (NftablesException)
            {
                // Somebody took our table away, or an element is left over: put everything in place anew.
                try
                {
                    PutTable(nft);
                }
                catch (NftablesException)
                {
                    foreach (var port in added)
                    {
                        _ports.Remove((port.Map, port.Key));
                    }

                    throw;
                }
            }

            ForgetFlows(removed);
            ForgetFlows(added);
        }
    }

    /// <summary>
    /// Looks whether the table is still as we left it and puts it back if not. Almost free while nobody on the machine
    /// changes rules; a foreign change elsewhere costs one listing of our own table.
    /// </summary>
    /// <returns>True when the table had to be put back.</returns>
    /// <exception cref="NftablesException">The kernel refused.</exception>
    public bool Repair()
    {
        lock (_gate)
        {
            if (_nft is null)
            {
                return false;
            }

            var generation = _nft.Generation();
            if (generation == _generation)
            {
                return false;
            }

            if (IsIntact(_nft))
            {
                _generation = generation;
                return false;
            }

            PutTable(_nft);
            return true;
        }
    }

    /// <summary>Removes the table.</summary>
    public void TearDown()
    {
        lock (_gate)
        {
            _nft ??= new Nftables();
            _nft.Apply(Ruleset.RemoveTable(Table));
            _nft.Dispose();
            _nft = null;
            _ports.Clear();
        }
    }

    public void Dispose()
    {
        lock (_gate)
        {
            _nft?.Dispose();
            _nft = null;
        }
    }

    private void PutTable(Nftables nft)
    {
        nft.Apply(Ruleset.Render(Table, _bridges, _ports.Values, _hasIPv6));
        // Read before the listing: a change in between is then looked at once more, not missed.
        _generation = nft.Generation();
        _skeleton = nft.List($"list table inet {Table}", terse: true);
    }

    // Exactly one step further: that was our own change, and nobody else's needs looking at.
    private void Count(Nftables nft)
    {
        var generation = nft.Generation();
        if (generation == _generation + 1)
        {
            _generation = generation;
        }
    }

    private bool IsIntact(Nftables nft)
    {
        try
        {
            return nft.List($"list table inet {Table}", terse: true) == _skeleton
                && RulesetListing.HasExactly(nft.List($"list table inet {Table}", terse: false), _ports.Values);
        }
        catch (NftablesException)
        {
            return false;
        }
    }

    private void ForgetFlows(IReadOnlyList<PortRule> ports)
    {
        foreach (var port in ports)
        {
            if (port.Protocol == "udp")
            {
                flows.Forget(port.HostPort);
            }
        }
    }
}
