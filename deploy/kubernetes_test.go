package deploy

import (
	"testing"
)

// These types have the fields of the Kubernetes API that kubernetes.yaml uses.
type (
	metadata struct {
		Name        string
		Namespace   string
		Labels      map[string]string
		Annotations map[string]string
	}
	namespace struct {
		APIVersion string `yaml:"apiVersion"`
		Kind       string
		Metadata   metadata
	}
	serviceAccount struct {
		APIVersion string `yaml:"apiVersion"`
		Kind       string
		Metadata   metadata
		Automount  *bool `yaml:"automountServiceAccountToken"`
	}
	daemonSet struct {
		APIVersion string `yaml:"apiVersion"`
		Kind       string
		Metadata   metadata
		Spec       struct {
			Selector struct {
				MatchLabels map[string]string `yaml:"matchLabels"`
			}
			UpdateStrategy struct {
				RollingUpdate struct {
					MaxUnavailable string `yaml:"maxUnavailable"`
				} `yaml:"rollingUpdate"`
			} `yaml:"updateStrategy"`
			Template struct {
				Metadata metadata
				Spec     podSpec
			}
		}
	}
	podSpec struct {
		ServiceAccountName string            `yaml:"serviceAccountName"`
		Automount          *bool             `yaml:"automountServiceAccountToken"`
		EnableServiceLinks bool              `yaml:"enableServiceLinks"`
		HostPID            bool              `yaml:"hostPID"`
		HostNetwork        bool              `yaml:"hostNetwork"`
		HostIPC            bool              `yaml:"hostIPC"`
		NodeSelector       map[string]string `yaml:"nodeSelector"`
		Tolerations        []struct{ Operator string }
		PriorityClassName  string `yaml:"priorityClassName"`
		GracePeriod        int    `yaml:"terminationGracePeriodSeconds"`
		Containers         []container
		Volumes            []struct {
			Name     string
			HostPath struct{ Path, Type string } `yaml:"hostPath"`
		}
	}
	container struct {
		Name  string
		Image string
		Args  []string
		Env   []struct {
			Name      string
			Value     string
			ValueFrom struct {
				FieldRef struct {
					FieldPath string `yaml:"fieldPath"`
				} `yaml:"fieldRef"`
			} `yaml:"valueFrom"`
		}
		Ports []struct {
			Name          string
			ContainerPort int `yaml:"containerPort"`
		}
		SecurityContext struct {
			RunAsUser                *int  `yaml:"runAsUser"`
			RunAsGroup               *int  `yaml:"runAsGroup"`
			Privileged               *bool `yaml:"privileged"`
			AllowPrivilegeEscalation *bool `yaml:"allowPrivilegeEscalation"`
			ReadOnlyRootFilesystem   bool  `yaml:"readOnlyRootFilesystem"`
			Capabilities             struct{ Drop, Add []string }
			SeccompProfile           struct{ Type string } `yaml:"seccompProfile"`
			AppArmorProfile          struct{ Type string } `yaml:"appArmorProfile"`
		} `yaml:"securityContext"`
		LivenessProbe  probe                        `yaml:"livenessProbe"`
		ReadinessProbe probe                        `yaml:"readinessProbe"`
		Resources      map[string]map[string]string `yaml:"resources"`
		VolumeMounts   []struct {
			Name      string
			MountPath string `yaml:"mountPath"`
			ReadOnly  bool   `yaml:"readOnly"`
		} `yaml:"volumeMounts"`
	}
	probe struct {
		HTTPGet        struct{ Path, Port string } `yaml:"httpGet"`
		PeriodSeconds  int                         `yaml:"periodSeconds"`
		TimeoutSeconds int                         `yaml:"timeoutSeconds"`
	}
)

type manifest struct {
	namespace namespace
	account   serviceAccount
	set       daemonSet
}

func readManifest(t *testing.T) *manifest {
	t.Helper()
	m := &manifest{}
	documents(t, read(t, "kubernetes.yaml"), func(kind string) any {
		switch kind {
		case "Namespace":
			return &m.namespace
		case "ServiceAccount":
			return &m.account
		case "DaemonSet":
			return &m.set
		}
		return nil // above all, no Role
	})
	return m
}

// is reports whether b is set to want.
func is(b *bool, want bool) bool { return b != nil && *b == want }

func TestKubernetesNames(t *testing.T) {
	m := readManifest(t)
	for _, meta := range []metadata{m.account.Metadata, m.set.Metadata} {
		if meta.Namespace != m.namespace.Metadata.Name {
			t.Errorf("%s is in the namespace %q", meta.Name, meta.Namespace)
		}
	}
	if name := m.set.Spec.Template.Spec.ServiceAccountName; name != m.account.Metadata.Name {
		t.Errorf("the service account is %q", name)
	}
	for name, value := range m.set.Spec.Selector.MatchLabels {
		if m.set.Spec.Template.Metadata.Labels[name] != value {
			t.Errorf("the pods have no label %s=%s", name, value)
		}
	}
}

func TestKubernetesPrivileges(t *testing.T) {
	m := readManifest(t)
	pod := m.set.Spec.Template.Spec
	if !pod.HostPID || pod.HostNetwork || pod.HostIPC {
		t.Errorf("hostPID %t, hostNetwork %t, hostIPC %t", pod.HostPID, pod.HostNetwork, pod.HostIPC)
	}
	if !is(pod.Automount, false) || !is(m.account.Automount, false) {
		t.Error("a token of the service account is mounted")
	}
	if len(pod.Containers) != 1 {
		t.Fatalf("%d containers", len(pod.Containers))
	}
	s := pod.Containers[0].SecurityContext
	if !is(s.Privileged, false) || !is(s.AllowPrivilegeEscalation, false) || !s.ReadOnlyRootFilesystem {
		t.Errorf("too many privileges: %+v", s)
	}
	if s.SeccompProfile.Type != "RuntimeDefault" {
		t.Errorf("seccomp profile %q", s.SeccompProfile.Type)
	}
	equalSets(t, "dropped capabilities", s.Capabilities.Drop, []string{"ALL"})
	equalSets(t, "added capabilities", s.Capabilities.Add, inContainer)
	volumes := map[string]string{}
	for _, v := range pod.Volumes {
		volumes[v.Name] = v.HostPath.Path
	}
	for _, mount := range pod.Containers[0].VolumeMounts {
		if !mount.ReadOnly || mount.MountPath != tracefs || volumes[mount.Name] != tracefs {
			t.Errorf("mounted: %+v", mount)
		}
	}
	if len(pod.Volumes) != 1 || len(pod.Containers[0].VolumeMounts) != 1 {
		t.Errorf("volumes: %v", volumes)
	}
}

func TestKubernetesProbes(t *testing.T) {
	c := readManifest(t).set.Spec.Template.Spec.Containers[0]
	if c.LivenessProbe.HTTPGet.Path != "/-/healthy" || c.ReadinessProbe.HTTPGet.Path != "/-/ready" {
		t.Errorf("liveness %+v, readiness %+v", c.LivenessProbe, c.ReadinessProbe)
	}
	for _, p := range []probe{c.LivenessProbe, c.ReadinessProbe} {
		if len(c.Ports) != 1 || p.HTTPGet.Port != c.Ports[0].Name || c.Ports[0].ContainerPort != 9786 {
			t.Errorf("port %s of %v", p.HTTPGet.Port, c.Ports)
		}
	}
}

func TestKubernetesOnEveryNode(t *testing.T) {
	m := readManifest(t)
	pod := m.set.Spec.Template.Spec
	if len(pod.Tolerations) != 1 || pod.Tolerations[0].Operator != "Exists" {
		t.Errorf("tolerations: %v", pod.Tolerations)
	}
	env := map[string]string{}
	for _, e := range pod.Containers[0].Env {
		env[e.Name] = e.Value + e.ValueFrom.FieldRef.FieldPath
	}
	if env["K8S_NODE_NAME"] != "spec.nodeName" || env["OTEL_RESOURCE_ATTRIBUTES"] != "k8s.node.name=$(K8S_NODE_NAME),host.name=$(K8S_NODE_NAME)" {
		t.Errorf("environment: %v", env)
	}
	annotations := m.set.Spec.Template.Metadata.Annotations
	if annotations["prometheus.io/scrape"] != "true" || annotations["prometheus.io/port"] != "9786" {
		t.Errorf("annotations: %v", annotations)
	}
}
