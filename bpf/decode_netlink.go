package bpf

import (
	"encoding/binary"
	"net/netip"

	"github.com/mdlayher/netlink"
	"golang.org/x/sys/unix"

	"container_start_exporter/collector/event"
)

const vethInfoPeer = 1 // VETH_INFO_PEER, include/uapi/linux/veth.h

// messageNames are the rtnetlink messages that are reported.
var messageNames = map[uint16]string{
	unix.RTM_NEWLINK: "RTM_NEWLINK",
	unix.RTM_DELLINK: "RTM_DELLINK",
	unix.RTM_SETLINK: "RTM_SETLINK",
	unix.RTM_NEWADDR: "RTM_NEWADDR",
}

func decodeNetlink(e *event.Event, raw []byte) error {
	r, rest, err := view[probesEventNetlink](raw)
	if err != nil {
		return err
	}
	message, err := rest.next(int(r.MessageLen))
	if err != nil {
		return err
	}
	e.LinkNS, e.TargetNS = r.LinkNs, r.TargetNs
	return decodeMessage(e, message)
}

// decodeMessage decodes an rtnetlink message into e. The end of the message may
// be missing, as only the first bytes of a long request are copied. It returns
// errShort or errUnknown; at a malformed attribute it stops without an error.
func decodeMessage(e *event.Event, m []byte) error {
	if len(m) < unix.SizeofNlMsghdr {
		return errShort
	}
	kind := binary.LittleEndian.Uint16(m[4:])
	e.Message = messageNames[kind]
	body := m[unix.SizeofNlMsghdr:]
	switch kind {
	case unix.RTM_NEWLINK, unix.RTM_DELLINK, unix.RTM_SETLINK:
		if len(body) < unix.SizeofIfInfomsg {
			return errShort
		}
		e.Index = int(int32(binary.LittleEndian.Uint32(body[4:])))
		decodeLink(e, completeAttributes(body[unix.SizeofIfInfomsg:]))
	case unix.RTM_NEWADDR:
		if len(body) < unix.SizeofIfAddrmsg {
			return errShort
		}
		e.Index = int(int32(binary.LittleEndian.Uint32(body[4:])))
		decodeAddress(e, body[1], completeAttributes(body[unix.SizeofIfAddrmsg:]))
	default:
		return errUnknown
	}
	return nil
}

// completeAttributes returns b up to the first attribute that is incomplete:
// the netlink package rejects a list whose last attribute is cut off.
func completeAttributes(b []byte) []byte {
	at := 0
	for at+unix.SizeofRtAttr <= len(b) {
		n := int(binary.LittleEndian.Uint16(b[at:]))
		if n < unix.SizeofRtAttr || at+n > len(b) {
			break
		}
		at = min(at+(n+3)&^3, len(b))
	}
	return b[:at]
}

func decodeLink(e *event.Event, b []byte) {
	eachAttribute(b, func(ad *netlink.AttributeDecoder) {
		switch ad.Type() {
		case unix.IFLA_IFNAME:
			e.Name = text(ad.Bytes())
		case unix.IFLA_LINKINFO:
			decodeLinkInfo(e, ad.Bytes())
		}
	})
}

func decodeLinkInfo(e *event.Event, b []byte) {
	eachAttribute(b, func(ad *netlink.AttributeDecoder) {
		switch ad.Type() {
		case unix.IFLA_INFO_KIND:
			e.LinkType = text(ad.Bytes())
		case unix.IFLA_INFO_DATA:
			if e.LinkType == "veth" {
				decodePeer(e, ad.Bytes())
			}
		}
	})
}

func decodePeer(e *event.Event, b []byte) {
	eachAttribute(b, func(ad *netlink.AttributeDecoder) {
		peer := ad.Bytes()
		if ad.Type() != vethInfoPeer || len(peer) < unix.SizeofIfInfomsg {
			return
		}
		eachAttribute(peer[unix.SizeofIfInfomsg:], func(ad *netlink.AttributeDecoder) {
			if ad.Type() == unix.IFLA_IFNAME {
				e.PeerName = text(ad.Bytes())
			}
		})
	})
}

// decodeAddress uses IFA_LOCAL, or IFA_ADDRESS if there is none: on a
// point-to-point link IFA_ADDRESS is the peer's address.
func decodeAddress(e *event.Event, bits byte, b []byte) {
	eachAttribute(b, func(ad *netlink.AttributeDecoder) {
		t := ad.Type()
		if t != unix.IFA_LOCAL && (t != unix.IFA_ADDRESS || e.Address != "") {
			return
		}
		addr, ok := netip.AddrFromSlice(ad.Bytes())
		if p := netip.PrefixFrom(addr, int(bits)); ok && p.IsValid() { // the request may have any length
			e.Address = p.String()
		}
	})
}

// eachAttribute calls f for each attribute, until one is malformed.
func eachAttribute(b []byte, f func(*netlink.AttributeDecoder)) {
	ad, err := netlink.NewAttributeDecoder(b)
	if err != nil {
		return
	}
	for ad.Next() {
		f(ad)
	}
}
