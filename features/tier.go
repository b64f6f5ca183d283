package features

// Tier says how much of catbox can be had here, and what is missing for more:
//
//	1: user, mount, pid, ipc, uts and network namespaces; a filter with notification.
//	2: a filter with notification.
//	0: not even that.
//
// Without Landlock, which is missing in either tier then, the supervisor does every writing call itself. Each missing part is an *[Error]. It costs about 2 ms where everything works.
func Tier() (tier int, missing []error) {
	needed := failing(seccompFilter, notify)
	spaces := missingNamespaces()
	missing = append(append(needed, failing(landlock)...), spaces...)
	switch {
	case len(needed) > 0:
		return 0, missing
	case len(spaces) > 0:
		return 2, missing
	}
	return 1, missing
}

// missingNamespaces makes all namespaces at once, as a run does, and tries them one by one only to say which is missing.
func missingNamespaces() []error {
	all := allNamespaces.Probe()
	if all == nil {
		return nil
	}
	one := failing(userNamespaces, mountNamespaces, pidNamespaces, ipcNamespaces, utsNamespaces, netNamespaces)
	if len(one) == 0 {
		return []error{all}
	}
	return one
}

func failing(features ...Feature) []error {
	var errs []error
	for _, f := range features {
		if err := f.Probe(); err != nil {
			errs = append(errs, err)
		}
	}
	return errs
}
