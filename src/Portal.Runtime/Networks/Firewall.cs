using Portal.Runtime.Linux;

namespace Portal.Runtime.Networks;

/// <summary>Keeps the rules of published ports in the kernel equal to what is known here. Safe for concurrent use.</summary>
internal sealed class Firewall(RuntimeOptions options, FlowReaper flows) : IDisposable
{
    private readonly Lock _gate = new();
    private readonly Dictionary<(string Map, string Key), PortRule> _ports = [];
    private Nftables? _nft;
    private uint _generation;
    private string _skeleton = "";

    private string Bridge => options.BridgeName;

    /// <summary>Puts the table in place with exactly these ports.</summary>
    /// <exception cref="NftablesException">The kernel refused.</exception>
    public void Reset(IEnumerable<PortRule> ports)
    {
        lock (_gate)
        {
            _nft ??= new Nftables();
            _ports.Clear();
            foreach (var port in ports)
            {
                _ports[(port.Map, port.Key)] = port;
            }

            PutTable(_nft);
        }
    }

    /// <summary>Publishes ports: all or none.</summary>
    /// <exception cref="NftablesException">The kernel refused.</exception>
    public void Add(IReadOnlyList<PortRule> ports)
    {
        if (ports.Count == 0)
        {
            return;
        }

        lock (_gate)
        {
            var nft = _nft ?? throw new InvalidOperationException("The rules are not set up.");
            foreach (var port in ports)
            {
                _ports[(port.Map, port.Key)] = port;
            }

            try
            {
                nft.Apply(Ruleset.Add(Bridge, ports));
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
                    Forget(ports);
                    throw;
                }
            }

            ForgetFlows(ports);
        }
    }

    /// <summary>Takes ports away; absent ones are ignored.</summary>
    /// <exception cref="NftablesException">The kernel refused.</exception>
    public void Remove(IReadOnlyList<PortRule> ports)
    {
        lock (_gate)
        {
            if (_nft is null || Forget(ports) == 0)
            {
                return;
            }

            try
            {
                _nft.Apply(Ruleset.Remove(Bridge, ports));
                Count(_nft);
            }
            catch (NftablesException)
            {
                PutTable(_nft);
            }

            ForgetFlows(ports);
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
            _nft.Apply(Ruleset.RemoveTable(Bridge));
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
        nft.Apply(Ruleset.Render(Bridge, Ipv4Subnet.Parse(options.BridgeSubnet), _ports.Values));
        // Read before the listing: a change in between is then looked at once more, not missed.
        _generation = nft.Generation();
        _skeleton = nft.List($"list table ip {Bridge}", terse: true);
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
            return nft.List($"list table ip {Bridge}", terse: true) == _skeleton
                && RulesetListing.HasExactly(nft.List($"list table ip {Bridge}", terse: false), _ports.Values);
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

    private int Forget(IReadOnlyList<PortRule> ports) => ports.Count(p => _ports.Remove((p.Map, p.Key)));
}
