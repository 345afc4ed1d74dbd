using System.Net;
using Lambda.Serving;
using Lambda.Serving.Http;

namespace Lambda.Cluster.Options;

/// <summary>Where the API may listen, by the options: nowhere that is open by mistake.</summary>
internal static class Listening
{
    /// <exception cref="OptionsException">They would open the API to others without keys or without TLS, or name files that are no certificate.</exception>
    public static ApiListen Of(LambdaOptions options)
    {
        var address = IPAddress.Parse(options.Listen);
        var isLocal = IPAddress.IsLoopback(address);
        if (options.Dev && !isLocal) throw new OptionsException($"listen: {options.Listen} with dev: without keys the API listens on loopback only; leave dev out");
        if (!isLocal && options.TlsCert is null && !options.Insecure)
            throw new OptionsException($"listen: {options.Listen} without TLS would show keys and customers to the network; name tls_cert and tls_key, or say insecure if something before this node does TLS");
        if (options.TlsCert is null && options.TlsKey is not null) throw new OptionsException("tls_key without tls_cert");
        try
        {
            return new ApiListen(address, options.Port, NeedsKeys: !options.Dev, options.TlsCert is null ? null : new TlsFiles(options.TlsCert, options.TlsKey));
        }
        catch (InvalidDataException e)
        {
            throw new OptionsException(e.Message);
        }
    }
}
