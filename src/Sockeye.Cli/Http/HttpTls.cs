using System.Globalization;
using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Sockeye.Cli.Http;

/// <summary>Whom a TLS connection trusts.</summary>
/// <param name="Authorities">Certificates that are trusted besides this machine's.</param>
/// <param name="Anybody">Whether the certificate is not checked at all.</param>
internal sealed record HttpTrust(X509Certificate2Collection Authorities, bool Anybody);

/// <summary>TLS over a connection, as https has it: the server's name, its certificate, and HTTP/1.1 by ALPN.</summary>
internal static class HttpTls
{
    private const string ServerAuthentication = "1.3.6.1.5.5.7.3.1";
    private const int NamesShownMax = 5;

    /// <summary>Reads trusted certificates from a PEM file.</summary>
    /// <param name="path">The file.</param>
    /// <param name="authorities">What it holds.</param>
    /// <param name="problem">Why it holds none.</param>
    public static bool TryReadAuthorities(string path, out X509Certificate2Collection authorities, out string problem)
    {
        authorities = [];
        problem = "";
        try
        {
            authorities.ImportFromPemFile(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or CryptographicException)
        {
            problem = $"cannot read certificates from {path}: {e.Message}";
            return false;
        }

        problem = authorities.Count == 0 ? $"{path} holds no certificate; it begins with -----BEGIN CERTIFICATE-----" : "";
        return authorities.Count > 0;
    }

    /// <summary>Agrees on TLS with the server.</summary>
    /// <param name="transport">The connection.</param>
    /// <param name="host">The name that the certificate must be for, which is sent too, unless it is an address.</param>
    /// <param name="trust">Whom to trust.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="HttpFailureException">The handshake failed: Tls, Lost, TimedOut.</exception>
    public static async Task<SslStream> ConnectAsync(WatchedStream transport, string host, HttpTrust trust, CancellationToken cancellationToken = default)
    {
        string? refusal = null;
        var stream = new SslStream(transport, leaveInnerStreamOpen: true);
        var options = new SslClientAuthenticationOptions
        {
            TargetHost = host.TrimEnd('.'), // SNI has no last point (RFC 6066)
            ApplicationProtocols = [SslApplicationProtocol.Http11],

            // A certificate that is not trusted yet may not make this machine download another.
            CertificateChainPolicy = new X509ChainPolicy { DisableCertificateDownloads = true, RevocationMode = X509RevocationMode.NoCheck },
            RemoteCertificateValidationCallback = (_, certificate, chain, errors) =>
            {
                refusal = Refusal(certificate as X509Certificate2, chain, errors, host, trust);
                return refusal is null;
            },
        };
        try
        {
            await stream.AuthenticateAsClientAsync(options, cancellationToken);
            return stream;
        }
        catch (Exception e) when (e is AuthenticationException or IOException or System.ComponentModel.Win32Exception)
        {
            await stream.DisposeAsync();
            throw Failure(e, refusal, transport);
        }
        catch (OperationCanceledException)
        {
            await stream.DisposeAsync();
            throw;
        }
    }

    private static HttpFailureException Failure(Exception e, string? refusal, WatchedStream transport)
    {
        if (refusal is not null)
        {
            return new HttpFailureException(HttpFailure.Tls, refusal, e);
        }

        // A record of TLS begins with its type: an alert or a handshake (RFC 8446 section 5.1).
        ReadOnlySpan<byte> first = transport.FirstBytes;
        if (first is [not (0x15 or 0x16), ..])
        {
            string what = first.StartsWith("HTTP/"u8) || first.StartsWith("<!DOCTYPE"u8) ? "speaks plain HTTP" : "does not speak TLS";
            return new HttpFailureException(
                HttpFailure.Tls, $"the server {what} on that port, its first bytes were \"{ByteText.Show(first)}\"; try http://", e);
        }

        if (HttpExchange.IsTimeout(e))
        {
            return new HttpFailureException(
                HttpFailure.TimedOut, "the server does not answer TLS's first message; if it speaks plain HTTP on that port, try http://", e);
        }

        if (e is IOException)
        {
            string how = transport.HasEnded ? "closed" : "reset";
            return new HttpFailureException(
                HttpFailure.Lost, $"the server {how} the connection within TLS's handshake; if it speaks plain HTTP on that port, try http://", e);
        }

        return new HttpFailureException(HttpFailure.Tls, $"TLS failed: {ByteText.Show((e.InnerException ?? e).Message)}", e);
    }

    private static string? Refusal(X509Certificate2? certificate, X509Chain? chain, SslPolicyErrors errors, string host, HttpTrust trust)
    {
        if (trust.Anybody || errors == SslPolicyErrors.None)
        {
            return null;
        }

        if (certificate is null || errors.HasFlag(SslPolicyErrors.RemoteCertificateNotAvailable))
        {
            return "the server shows no certificate";
        }

        if (errors.HasFlag(SslPolicyErrors.RemoteCertificateNameMismatch))
        {
            return $"the certificate is not for {host} but for {Names(certificate)}; is the host right? --insecure accepts any certificate";
        }

        X509ChainStatus[] statuses = chain?.ChainStatus ?? [];
        if (trust.Authorities.Count > 0)
        {
            using var own = new X509Chain();
            own.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
            own.ChainPolicy.CustomTrustStore.AddRange(trust.Authorities);
            own.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
            own.ChainPolicy.DisableCertificateDownloads = true;
            own.ChainPolicy.ApplicationPolicy.Add(new Oid(ServerAuthentication));
            own.ChainPolicy.ExtraStore.AddRange(chain?.ChainPolicy.ExtraStore ?? []); // what the server sent
            if (own.Build(certificate))
            {
                return null;
            }

            statuses = own.ChainStatus;
        }

        return Distrust(certificate, statuses, trust.Authorities.Count > 0);
    }

    private static string Distrust(X509Certificate2 certificate, X509ChainStatus[] statuses, bool hasAuthorities)
    {
        X509ChainStatusFlags flags = statuses.Aggregate(X509ChainStatusFlags.NoError, static (all, one) => all | one.Status);
        if (flags.HasFlag(X509ChainStatusFlags.NotTimeValid))
        {
            return DateTime.UtcNow > certificate.NotAfter.ToUniversalTime() ? $"the certificate was good until {Day(certificate.NotAfter)}; its owner must renew it"
                : DateTime.UtcNow < certificate.NotBefore.ToUniversalTime() ? $"the certificate is good from {Day(certificate.NotBefore)} on; is this machine's clock right?"
                : "a certificate in the chain is not good at this time";
        }

        if ((flags & (X509ChainStatusFlags.UntrustedRoot | X509ChainStatusFlags.PartialChain)) != 0)
        {
            string who = hasAuthorities ? "neither this machine nor --ca trusts" : "this machine does not trust";
            string more = hasAuthorities ? "" : "--ca FILE trusts its authority, ";
            return $"{who} who signed the certificate, {ByteText.Show(certificate.Issuer)}; {more}--insecure accepts any certificate";
        }

        return $"the certificate is not good for a server: {flags}; --insecure accepts any certificate";
    }

    private static string Names(X509Certificate2 certificate)
    {
        X509SubjectAlternativeNameExtension? names = certificate.Extensions.OfType<X509SubjectAlternativeNameExtension>().FirstOrDefault();
        string[] all = names is null ? [] : [.. names.EnumerateDnsNames(), .. names.EnumerateIPAddresses().Select(static address => address.ToString())];
        return all.Length == 0 ? ByteText.Show(certificate.Subject)
            : ByteText.Show(string.Join(", ", all.Take(NamesShownMax))) + (all.Length > NamesShownMax ? $" and {all.Length - NamesShownMax} more" : "");
    }

    private static string Day(DateTime time) => time.ToUniversalTime().ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);
}
