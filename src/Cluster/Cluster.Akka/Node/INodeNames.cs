using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Lambda.Cluster.Actors.Node;

/// <summary>Where nodes may be found now.</summary>
public interface INodeNames
{
    /// <returns>`host:port` of everything that may be a node, this one included or not; as the nodes call themselves.</returns>
    Task<IReadOnlyList<string>> ResolveAsync(CancellationToken cancel);
}

/// <summary>
/// The addresses that names have in DNS: one name for all nodes, as a headless service of Kubernetes has it, or several. Nodes must then be called by their
/// address (`cluster_host` is the pod's IP).
/// </summary>
/// <param name="names">`name:port`; an address stands for itself.</param>
/// <param name="self">This node's host: of several families only its own is taken.</param>
public sealed class DnsNodeNames(IReadOnlyList<string> names, string self) : INodeNames
{
    private readonly AddressFamily _family = IPAddress.TryParse(self, out var address) ? address.AddressFamily : AddressFamily.InterNetwork;

    public async Task<IReadOnlyList<string>> ResolveAsync(CancellationToken cancel)
    {
        var found = new SortedSet<string>(StringComparer.Ordinal);
        foreach (var name in names)
        {
            var colon = name.LastIndexOf(':');
            var port = int.Parse(name.AsSpan(colon + 1), CultureInfo.InvariantCulture);
            foreach (var address in await AddressesAsync(name[..colon], cancel)) found.Add(string.Create(CultureInfo.InvariantCulture, $"{address}:{port}"));
        }
        return [.. found];
    }

    /// <summary>A name that is not known yet has no addresses: the first node starts before there are any.</summary>
    private async Task<IPAddress[]> AddressesAsync(string host, CancellationToken cancel)
    {
        if (IPAddress.TryParse(host, out var literal)) return [literal];
        try
        {
            return await Dns.GetHostAddressesAsync(host, _family, cancel);
        }
        catch (SocketException e) when (e.SocketErrorCode is SocketError.HostNotFound or SocketError.NoData)
        {
            return [];
        }
    }
}
